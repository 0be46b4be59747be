// CPU time per request of our proxy beside nginx: same box, same upstream, same load, one after the other. `npm run bench proxy`.

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createEmbeddedRouter, ensureProxy, stopProxy } from '../packages/pushway/src/drivers/router/embedded/index.ts'
import { startLoad } from '../packages/pushway/src/util/load.ts'

const seconds = 5
const connections = 32

interface Measured {
  readonly requests: number
  readonly cpuMs: number
}

function freePort(): number {
  const script = "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})"
  return Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }))
}

/** CPU time of the processes, user and system; /proc counts in ticks of 10 ms. */
function cpuMs(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * 10
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => {
      try {
        const text = readFileSync(`/proc/${one}/stat`, 'utf8')
        return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) === pid
      } catch {
        return false
      }
    })
}

/** Requests answered in some seconds: by wrk where it is, else by our own load. */
async function load(url: string): Promise<number> {
  try {
    const child = spawn('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, url], { stdio: ['ignore', 'pipe', 'ignore'] })
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    if (/Non-2xx|Socket errors/.test(text)) throw new Error(text)
    return Number(/(\d+) requests in/.exec(text)?.[1] ?? 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const own = startLoad({ targets: [url], concurrency: connections, keepAlive: true })
    await sleep(seconds * 1000)
    return (await own.stop()).total
  }
}

async function measure(url: string, pids: () => readonly number[]): Promise<Measured> {
  const warm = startLoad({ targets: [url], concurrency: connections, keepAlive: true })
  await sleep(1500)
  const result = await warm.stop()
  if (result.failed > 0) throw new Error(`the load failed: ${result.firstFailure}`)
  const before = cpuMs(pids())
  const requests = await load(url)
  return { requests, cpuMs: cpuMs(pids()) - before }
}

async function measureNginx(dir: string, upstream: number): Promise<Measured> {
  const port = freePort()
  const config = join(dir, 'nginx.conf')
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${dir}/${kind};`).join(' ')
  writeFileSync(
    config,
    `worker_processes 1; daemon off; pid ${dir}/nginx.pid; error_log ${dir}/error.log;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000; ${temp}
  upstream up { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 1000000; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; } } }\n`,
  )
  const nginx = spawn('/usr/sbin/nginx', ['-c', config, '-p', dir], { stdio: 'ignore' })
  const missing = await Promise.race([new Promise<Error>((resolve) => nginx.once('error', resolve)), sleep(500)])
  if (missing instanceof Error) throw new Error('nginx is not on this machine (package nginx)')
  try {
    return await measure(`http://127.0.0.1:${port}/`, () => childrenOf(nginx.pid ?? 0))
  } finally {
    nginx.kill()
  }
}

async function measureOurs(dir: string, upstream: number): Promise<Measured> {
  const program = fileURLToPath(new URL('../test/support/proxy-program.ts', import.meta.url))
  const { socket, pid } = await ensureProxy({ stateDir: dir, launch: [process.execPath, '--import', import.meta.resolve('tsx'), program, '--state', dir] })
  try {
    const groups = [{ group: 'bench/x/y~web~r', weight: 100, targets: [`127.0.0.1:${upstream}`] }]
    const route = {
      id: 'bench/x/y~web~80',
      environment: 'bench/x/y',
      service: 'web',
      listen: { host: '127.0.0.1', port: 0 },
      protocol: 'http',
      holdMs: 0,
      groups,
    } as const
    const status = await createEmbeddedRouter({ socket }).setRoute(route, new AbortController().signal)
    return await measure(`http://127.0.0.1:${status.bound?.port}/`, () => [pid])
  } finally {
    await stopProxy(socket)
  }
}

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'pushway-bench-'))
  const upstream = freePort()
  const script = `require('http').createServer((q,s)=>{s.setHeader('Content-Length',12);s.end('hello world\\n')}).listen(${upstream},'127.0.0.1')`
  const program = spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
  try {
    await sleep(300)
    const ours = await measureOurs(dir, upstream)
    const nginx = await measureNginx(dir, upstream)
    const perRequest = (one: Measured) => (one.cpuMs * 1000) / one.requests
    const row = (name: string, one: Measured) =>
      `${name.padEnd(8)}${String(one.requests).padStart(9)}${perRequest(one).toFixed(0).padStart(12)}${(1_000_000 / perRequest(one)).toFixed(0).padStart(18)}`
    console.log(`proxy     requests  CPU µs/req  requests/s per core\n${row('pushway', ours)}\n${row('nginx', nginx)}`)
    console.log(`ratio: ${(perRequest(ours) / perRequest(nginx)).toFixed(1)} times nginx's CPU time per request`)
  } finally {
    program.kill()
    rmSync(dir, { recursive: true, force: true })
  }
}

await main()
