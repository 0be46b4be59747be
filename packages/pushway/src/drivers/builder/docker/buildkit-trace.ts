// BuildKit's trace: `StatusResponse` messages (api/services/control/control.proto of BuildKit) in base64, said in the words of the embedded builder.

import type { EngineProgress } from '../../../util/engine-api/index.ts'
import type { BuildProgress } from './index.ts'

/** A field of a protobuf message: a number, or bytes (a text, a message). */
interface Field {
  readonly number: number
  readonly value: number | Uint8Array
}

/** Reads the fields of a protobuf message; what is cut off ends it. */
function readFields(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
    }
    return value
  }
  while (at < bytes.length) {
    const key = varint()
    const type = key & 7
    const number = Math.floor(key / 8)
    if (type === 0) fields.push({ number, value: varint() })
    else if (type === 2) {
      const length = varint()
      fields.push({ number, value: bytes.subarray(at, at + length) })
      at += length
    } else if (type === 1 || type === 5) at += type === 1 ? 8 : 4
    else break
  }
  return fields
}

const all = (fields: readonly Field[], number: number) =>
  fields.flatMap((field) => (field.number === number && field.value instanceof Uint8Array ? [field.value] : []))
const text = (fields: readonly Field[], number: number) => Buffer.from(all(fields, number)[0] ?? []).toString('utf8')

interface Vertex {
  readonly digest: string
  readonly name: string
  readonly cached: boolean
  readonly started: boolean
  readonly completed: boolean
  readonly error: string
}

/** One message of the trace: the steps and the output in it. Pure. */
export function readTrace(aux: string): {
  readonly vertexes: readonly Vertex[]
  readonly logs: readonly { readonly vertex: string; readonly message: string }[]
} {
  const message = readFields(Buffer.from(aux, 'base64'))
  const vertexes = all(message, 1).map((bytes): Vertex => {
    const fields = readFields(bytes)
    return {
      digest: text(fields, 1),
      name: text(fields, 3),
      cached: fields.some(({ number, value }) => number === 4 && value === 1),
      started: all(fields, 5).length > 0,
      completed: all(fields, 6).length > 0,
      error: text(fields, 7),
    }
  })
  const logs = all(message, 3).map((bytes) => {
    const fields = readFields(bytes)
    return { vertex: text(fields, 1), message: text(fields, 4) }
  })
  return { vertexes, logs }
}

/** Says steps when they begin, `CACHED` or their time when they end, and their output. */
export function createTrace(log: (line: string) => void): BuildProgress {
  const state = new Map<string, 'said' | 'done'>()
  const names = new Map<string, string>()
  const rests = new Map<string, string>()
  const tail: string[] = []
  let failed = ''
  function take({ id, aux }: EngineProgress): void {
    if (id !== 'moby.buildkit.trace' || typeof aux !== 'string') return
    const { vertexes, logs } = readTrace(aux)
    for (const vertex of vertexes) takeVertex(vertex)
    for (const { vertex, message } of logs) {
      const lines = ((rests.get(vertex) ?? '') + message).split('\n')
      rests.set(vertex, lines.pop() ?? '')
      for (const line of lines) say(line.trimEnd())
    }
  }
  function say(line: string): void {
    log(line)
    tail.push(line)
    if (tail.length > 5) tail.shift()
  }
  function takeVertex({ digest, name, cached, started, completed, error }: Vertex): void {
    names.set(digest, name)
    // `[2/3] RUN …`, `[build 2/3] COPY …`: the steps of the Dockerfile. The rest is BuildKit's own.
    const step = /^\[(?:(\S+) )?(\d+)\/(\d+)\] ([\s\S]*)$/.exec(name)
    if (error !== '') failed = step?.[4] ?? name
    if (step && started && !state.has(digest)) {
      state.set(digest, 'said')
      log(`Step ${step[2]}/${step[3]} : ${step[4]}${step[1] ? ` (${step[1]})` : ''}`)
    }
    if (step && completed && state.get(digest) === 'said') {
      state.set(digest, 'done')
      if (cached) log(' ---> CACHED')
    }
  }
  return { take, step: () => failed, tail: () => tail }
}
