// The lines of a patch's hunks and what each is.

export interface DiffLine {
  readonly key: number
  readonly kind: 'hunk' | 'added' | 'removed' | 'same'
  readonly text: string
}

const kinds: Readonly<Record<string, DiffLine['kind']>> = { '@': 'hunk', '+': 'added', '-': 'removed' }

/** Each line of the hunks, as `git diff` writes them. */
export function diffLines(patch: string): readonly DiffLine[] {
  return patch.split('\n').map((text, key) => ({ key, kind: kinds[text[0] ?? ''] ?? 'same', text }))
}
