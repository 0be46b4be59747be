// Bytes that a process prints → lines of text, whatever it prints: long lines, broken UTF-8, NUL bytes.

export interface LineSplitter {
  push(chunk: Buffer): void
  /** Gives what is left as the last line. */
  end(): void
}

const longest = 1 << 20
const newline = 10

/** Lines in batches, one call for each chunk that ends some; a line over `maxBytes` is cut and says so. */
export function createLineSplitter(onLines: (lines: readonly string[]) => void, maxBytes: number = longest): LineSplitter {
  let pending: Buffer[] = []
  let size = 0
  let dropped = 0
  const cutNote = (bytes: number) => ` … (cut: the line has ${bytes} bytes)`
  const finishCut = (rest: number) => {
    const head = Buffer.concat(pending).subarray(0, maxBytes).toString('utf8')
    onLines([clean(head) + cutNote(size + dropped + rest)])
    pending = []
    size = 0
    dropped = 0
  }
  const keep = (chunk: Buffer) => {
    const room = maxBytes + 1 - size
    if (chunk.length > room) dropped += chunk.length - room
    const kept = chunk.subarray(0, Math.max(0, room))
    if (kept.length > 0) pending.push(Buffer.from(kept))
    size += kept.length
  }
  const push = (chunk: Buffer) => {
    let rest = chunk
    if (size + rest.length > maxBytes && size > 0) {
      // A line that is, or is about to be, too long ends in this chunk or not at all.
      const first = rest.indexOf(newline)
      if (first < 0) return keep(rest)
      if (size + first > maxBytes) {
        finishCut(first)
        rest = rest.subarray(first + 1)
      }
    }
    const last = rest.lastIndexOf(newline)
    if (last < 0) return keep(rest)
    const whole = Buffer.concat([...pending, rest.subarray(0, last)])
    pending = []
    size = 0
    onLines(splitText(whole, maxBytes, cutNote))
    keep(rest.subarray(last + 1))
  }
  const end = () => {
    if (size > maxBytes) finishCut(0)
    else if (size > 0) onLines(splitText(Buffer.concat(pending), maxBytes, cutNote))
    pending = []
    size = 0
  }
  return { push, end }
}

function splitText(bytes: Buffer, maxBytes: number, cutNote: (bytes: number) => string): readonly string[] {
  const text = clean(bytes.toString('utf8'))
  const lines = text.includes('\r')
    ? text
        .replace(/\r+\n/g, '\n')
        .replace(/\r+$/, '')
        .split(/[\r\n]/)
    : text.split('\n')
  if (bytes.length <= maxBytes) return lines
  return lines.map((line) => (line.length > maxBytes ? line.slice(0, maxBytes) + cutNote(Buffer.byteLength(line)) : line))
}

function clean(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '') : text
}
