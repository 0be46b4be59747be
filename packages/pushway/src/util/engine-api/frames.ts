// The engine's stream of several streams in one: eight bytes of head (stream, three zeros, length), then as many bytes as it says.

export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Buffer
}

const headBytes = 8

/** Takes a multiplexed stream apart. With `raw` (a terminal), everything is `stdout`. */
export async function* readOutput(body: AsyncIterable<Buffer>, raw: boolean): AsyncGenerator<OutputChunk> {
  if (raw) {
    for await (const bytes of body) yield { stream: 'stdout', bytes }
    return
  }
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of body) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= headBytes) {
      const end = headBytes + rest.readUInt32BE(4)
      if (rest.length < end) break
      yield { stream: rest[0] === 2 ? 'stderr' : 'stdout', bytes: rest.subarray(headBytes, end) }
      rest = rest.subarray(end)
    }
  }
}

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

/** Whole lines of each stream, without their ends; what is left at the end is a line, too. */
export async function* readLines(chunks: AsyncIterable<OutputChunk>): AsyncGenerator<OutputLine> {
  const open = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
  for await (const { stream, bytes } of chunks) {
    let rest = Buffer.concat([open[stream], bytes])
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield { stream, text: rest.toString('utf8', 0, end).replace(/\r$/, '') }
      rest = rest.subarray(end + 1)
    }
    open[stream] = rest
  }
  for (const stream of ['stdout', 'stderr'] as const) if (open[stream].length > 0) yield { stream, text: open[stream].toString('utf8') }
}

/** One JSON value a line, as the engine's progress and event streams are. Lines that are none are passed over. */
export async function* readJsonLines(body: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  const lines = readLines(readOutput(body, true))
  for await (const { text } of lines) {
    if (text.trim() === '') continue
    try {
      yield JSON.parse(text)
    } catch {
      // A line that is cut: the stream's own end says what happened.
    }
  }
}
