// A client of registries for benchmarks: layers of made-up bytes pushed and pulled as docker does, and requests as many as fit in a while.

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Target {
  readonly name: string
  /** `http://HOST:PORT`. */
  readonly url: string
  readonly repository: string
  readonly headers: Readonly<Record<string, string>>
  /** The process that answers. */
  readonly pid: number
}

/** A layer: the same chunk again and again behind a head of its own. */
export interface Layer {
  readonly digest: string
  readonly size: number
  readonly head: Buffer
}

const chunk = randomBytes(1024 * 1024)
const agent = new Agent({ keepAlive: true, maxSockets: 16 })
/** As docker does. */
const pushesAtOnce = 5
const pullsAtOnce = 3

/** A layer of `mb` megabytes that nobody has seen. */
export function makeLayer(mb: number): Layer {
  const head = randomBytes(64)
  const hash = createHash('sha256').update(head)
  for (let i = 0; i < mb; i++) hash.update(chunk)
  return { digest: `sha256:${hash.digest('hex')}`, size: head.length + mb * chunk.length, head }
}

function send(url: URL, options: RequestOptions, write?: (end: ReturnType<typeof request>) => void): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const req = request(url, { agent, ...options }, resolve)
    req.once('error', reject)
    if (write) write(req)
    else req.end()
  })
}

async function drained(answer: IncomingMessage, wanted: number): Promise<IncomingMessage> {
  let size = 0
  for await (const part of answer) size += (part as Buffer).length
  if (answer.statusCode !== wanted) throw new Error(`${answer.statusCode}, not ${wanted}; ${size} bytes`)
  return answer
}

/** POST, PATCH with all of it, PUT with the digest. */
async function pushLayer({ url, repository, headers }: Target, { digest, size, head }: Layer): Promise<void> {
  const start = await drained(await send(new URL(`${url}/v2/${repository}/blobs/uploads/`), { method: 'POST', headers }), 202)
  const location = new URL(start.headers.location ?? '', url)
  const sent = await send(location, { method: 'PATCH', headers: { ...headers, 'content-length': size, 'content-type': 'application/octet-stream' } }, (req) => {
    req.write(head)
    let left = (size - head.length) / chunk.length
    const more = (): void => {
      while (left > 0) {
        left--
        if (!req.write(chunk)) return void req.once('drain', more)
      }
      req.end()
    }
    more()
  })
  const end = new URL((await drained(sent, 202)).headers.location ?? '', url)
  end.searchParams.set('digest', digest)
  await drained(await send(end, { method: 'PUT', headers: { ...headers, 'content-length': 0 } }), 201)
}

async function inTurns<T>(list: readonly T[], atOnce: number, work: (one: T) => Promise<void>): Promise<void> {
  const left = [...list]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** Pushes an image of these layers under a tag; seconds. */
export async function pushLayers(target: Target, layers: readonly Layer[], tag: string): Promise<number> {
  const begun = performance.now()
  await inTurns(layers, pushesAtOnce, (layer) => pushLayer(target, layer))
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', tag })
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`
  const start = await drained(await send(new URL(`${target.url}/v2/${target.repository}/blobs/uploads/`), { method: 'POST', headers: target.headers }), 202)
  const location = new URL(start.headers.location ?? '', target.url)
  location.searchParams.set('digest', digest)
  await drained(await send(location, { method: 'PUT', headers: { ...target.headers, 'content-length': config.length } }, (req) => req.end(config)), 201)
  const manifest = JSON.stringify({
    ...{ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length },
    layers: layers.map((layer) => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer.digest, size: layer.size })),
  })
  await putManifest(target, tag, manifest)
  return (performance.now() - begun) / 1000
}

/** Lets a tag mean a manifest. */
export async function putManifest({ url, repository, headers }: Target, tag: string, manifest: string): Promise<void> {
  const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json', 'content-length': manifest.length }
  await drained(
    await send(new URL(`${url}/v2/${repository}/manifests/${tag}`), { method: 'PUT', headers: { ...headers, ...type } }, (req) => req.end(manifest)),
    201,
  )
}

/** The manifest of a tag. */
export async function getManifest({ url, repository, headers }: Target, tag: string): Promise<string> {
  const accept = { accept: 'application/vnd.oci.image.manifest.v1+json' }
  const answer = await send(new URL(`${url}/v2/${repository}/manifests/${tag}`), { headers: { ...headers, ...accept } })
  const parts: Buffer[] = []
  for await (const part of answer) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

/** Pulls layers, the bytes thrown away; seconds. */
export async function pullLayers({ url, repository, headers }: Target, layers: readonly Layer[]): Promise<number> {
  const begun = performance.now()
  await inTurns(layers, pullsAtOnce, async (layer) => {
    await drained(await send(new URL(`${url}/v2/${repository}/blobs/${layer.digest}`), { headers }), 200)
  })
  return (performance.now() - begun) / 1000
}

/** All tags, page by page; seconds, and how many. */
export async function listTags({ url, repository, headers }: Target): Promise<{ readonly seconds: number; readonly count: number }> {
  const begun = performance.now()
  let count = 0
  for (let path: string | undefined = `/v2/${repository}/tags/list`; path; ) {
    const answer = await send(new URL(path, url), { headers })
    const parts: Buffer[] = []
    for await (const part of answer) parts.push(part as Buffer)
    count += (JSON.parse(Buffer.concat(parts).toString()) as { tags: string[] }).tags.length
    path = /<([^>]+)>/.exec(String(answer.headers.link ?? ''))?.[1]
  }
  return { seconds: (performance.now() - begun) / 1000, count }
}

const headConnections = 16

/** HEADs of a manifest per second, over sixteen connections, one request at a time on each. wrk can't be used: it waits for bodies that HEAD has not. */
export async function headsPerSecond({ url, repository, headers }: Target, tag: string, seconds: number): Promise<number> {
  const { hostname, port, host } = new URL(url)
  const all = { host, accept: 'application/vnd.oci.image.manifest.v1+json', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const question = Buffer.from(`HEAD /v2/${repository}/manifests/${tag} HTTP/1.1\r\n${lines.join('')}\r\n`)
  const begun = performance.now()
  let answers = 0
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(question))
      let text = ''
      socket.on('data', (data: Buffer) => {
        text += data.toString('latin1')
        if (!text.endsWith('\r\n\r\n')) return
        if (!text.startsWith('HTTP/1.1 200')) return void socket.destroy(new Error(text))
        answers++
        text = ''
        if (performance.now() - begun < seconds * 1000) socket.write(question)
        else socket.destroy()
      })
      socket.once('error', reject).once('close', () => resolve())
    })
  await Promise.all(Array.from({ length: headConnections }, ask))
  return answers / ((performance.now() - begun) / 1000)
}

/** Until a process has nothing to do: what a push has set off is not measured with what follows. */
export async function untilIdle(pid: number): Promise<void> {
  for (let before = cpuTicks(pid), left = 600; left > 0; left--) {
    await sleep(200)
    const now = cpuTicks(pid)
    if (now - before <= 1) return
    before = now
  }
  throw new Error(`process ${pid} does not come to rest`)
}

/** Hundredths of a second. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

/** Resident memory of a process, MB. */
function residentMb(pid: number): number {
  return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 1e6
}

/** Watches the memory of a process while something is done; the most over what it was before, MB. */
export async function peakOver<T>(pid: number, work: () => Promise<T>): Promise<{ readonly result: T; readonly peakMb: number }> {
  const before = residentMb(pid)
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMb(pid))
  }, 20)
  try {
    return { result: await work(), peakMb: peak - before }
  } finally {
    clearInterval(timer)
  }
}
