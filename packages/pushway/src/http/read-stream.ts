// Reads what the server streams: JSON objects a line, and server-sent events.

/** Each line of the answer, parsed. The request is made when the first one is asked for. */
export async function* readLines<T>(open: () => Promise<Response>): AsyncGenerator<T> {
  for await (const line of textLines(await open())) if (line !== '') yield JSON.parse(line) as T
}

/** The data of each event, parsed. */
export async function* readEvents<T>(open: () => Promise<Response>): AsyncGenerator<T> {
  for await (const line of textLines(await open())) if (line.startsWith('data: ')) yield JSON.parse(line.slice(6)) as T
}

async function* textLines(answer: Response): AsyncGenerator<string> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of answer.body ?? []) {
    const parts = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  if (rest !== '') yield rest
}
