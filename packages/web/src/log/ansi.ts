// ANSI colours as pieces of text with classes: ansi_up reads the sequences, nothing is ever HTML.

import { AnsiUp } from 'ansi_up'

export interface Piece {
  readonly text: string
  readonly classes: string
  /** A colour that has no class: `rgb(1,2,3)`. */
  readonly color?: string
  readonly background?: string
  readonly href?: string
}

interface Color {
  readonly rgb: readonly number[]
  readonly class_name: string
}

interface Fragment {
  readonly text: string
  readonly fg: Color | null
  readonly bg: Color | null
  readonly bold: boolean
  readonly faint: boolean
  readonly italic: boolean
  readonly underline: boolean
}

/** The pieces of one line. */
export function ansiPieces(line: string): readonly Piece[] {
  const pieces: Piece[] = []
  const reader = new AnsiUp()
  // ansi_up hands each piece to these two to make HTML of it; here it stays data.
  Object.assign(reader, {
    transform_to_html: (fragment: Fragment) => void pieces.push(pieceOf(fragment)),
    process_hyperlink: ({ url, text }: { url: string; text: string }) =>
      void pieces.push({ text, classes: '', ...(/^https?:\/\//i.test(url) ? { href: url } : {}) }),
  })
  // An unfinished sequence at the end is kept for more text, which does not come: a reset ends it.
  reader.ansi_to_html(`${line}\u001b[0m`)
  return pieces.filter(({ text }) => text !== '')
}

function pieceOf({ text, fg, bg, bold, faint, italic, underline }: Fragment): Piece {
  const classes = [
    ...(bold ? ['ansi-bold'] : []),
    ...(faint ? ['ansi-faint'] : []),
    ...(italic ? ['ansi-italic'] : []),
    ...(underline ? ['ansi-underline'] : []),
    ...(isNamed(fg) ? [`${fg.class_name}-fg`] : []),
    ...(isNamed(bg) ? [`${bg.class_name}-bg`] : []),
  ]
  return {
    text,
    classes: classes.join(' '),
    ...(fg && !isNamed(fg) ? { color: rgb(fg) } : {}),
    ...(bg && !isNamed(bg) ? { background: rgb(bg) } : {}),
  }
}

function isNamed(color: Color | null): color is Color {
  return color !== null && /^ansi-[a-z-]+$/.test(color.class_name)
}

function rgb({ rgb: parts }: Color): string {
  return `rgb(${parts.map((part) => Math.max(0, Math.min(255, Math.round(part)))).join(',')})`
}
