// A project whose way to production takes seconds: a Node.js server without dependencies, its image, two environments, and a
// workflow of two quick jobs. How each commit behaves is one file, `act.json`.

import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { freePorts } from './free-port.ts'
import type { CommandResult, TestServer } from './server.ts'
import { tempDir } from './temp.ts'

/** What the service of one commit does. */
export interface Act {
  readonly version: string
  /** Every n-th request to `/` is answered with 500. */
  readonly failEvery?: number
  /** Ends as soon as it has started. */
  readonly exits?: boolean
  readonly neverReady?: boolean
  readonly ignoresTerm?: boolean
  /** Listens on this port, whatever it was told. */
  readonly listen?: number
}

export interface TinyPorts {
  readonly staging: number
  readonly production: number
}

/** Lines of an environment in pushway.yml, besides its branch, port and service. */
export interface TinySettings {
  readonly staging?: readonly string[]
  readonly production?: readonly string[]
}

export interface PushOutcome extends CommandResult {
  readonly commit: string
  readonly branch: string
}

export interface TinyProject {
  readonly name: string
  readonly dir: string
  readonly ports: TinyPorts
  readonly urls: { readonly staging: string; readonly production: string }
  git(...args: readonly string[]): Promise<CommandResult>
  /** Writes the files (undefined: removes), commits; gives the commit. */
  commit(files: Readonly<Record<string, string | undefined>>): Promise<string>
  /** Commits what the service does from now on. */
  act(act: Act): Promise<string>
  /** Commits pushway.yml with these settings. */
  configure(settings: TinySettings): Promise<string>
  /** Pushes the present commit to a branch. */
  push(server: Pick<TestServer, 'url' | 'token'>, branch: string): Promise<PushOutcome>
}

const major = process.versions.node.split('.')[0]

const program = `const { createServer } = require('node:http')
const { createHash, randomUUID } = require('node:crypto')
const act = require('./act.json')
if (act.exits) {
  console.error('the settings are not right: this service gives up')
  process.exit(3)
}
if (act.ignoresTerm) process.on('SIGTERM', () => undefined)
let asked = 0
const self = randomUUID()
const token = createHash('sha256').update(process.env.TOKEN ?? '').digest('hex').slice(0, 8)
const server = createServer((req, res) => {
  if (req.url === '/ready') res.statusCode = act.neverReady ? 503 : 200
  else if (act.failEvery && ++asked % act.failEvery === 0) res.statusCode = 500
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ version: act.version, process: self, token }))
})
server.listen(act.listen ?? Number(process.env.PORT ?? 3000))
if (!act.ignoresTerm) process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

const dockerfile = `FROM node:${major}-alpine
WORKDIR /app
COPY app.js act.json ./
EXPOSE 3000
CMD ["node", "app.js"]
`

const compose = `services:
  web:
    build: .
    ports: ["8080:3000"]
    environment:
      TOKEN: \${TOKEN:-none}
    deploy: { replicas: 2 }
`

const image = 'ghcr.io/${{ github.repository }}:${{ github.ref_name }}'

/** A job that builds and pushes the image. */
export const buildJob = `  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Build and push
        run: |
          docker build -t ${image} .
          docker push ${image}
`

/** A job that deploys to an environment when its branch is pushed; `steps`: YAML list items at four spaces. */
export function deployJob(environment: string, branch: string, steps = `      - run: echo deploying to ${environment}\n`): string {
  return `  to-${environment}:
    needs: build
    if: github.ref == 'refs/heads/${branch}'
    runs-on: ubuntu-latest
    environment: ${environment}
    steps:
${steps}`
}

/** A workflow of these jobs for pushes to these branches. */
export function workflow(branches: readonly string[], ...jobs: readonly string[]): string {
  return `name: Ship\non: { push: { branches: [${branches.join(', ')}] } }\njobs:\n${jobs.join('')}`
}

/** The canary of production unless a test says otherwise: one share, shortly watched, judged when there is traffic. */
export const quickCanary = [
  'strategy: { canary: { steps: [30%], every: 1500ms, ready-within: 15s, analysis: { errors: "< 5%", min-requests: 20, no-data: hold } } }',
] as const

/** Rolling, all at once, and no waiting for requests. */
export const quickRolling = ['strategy: { rolling: { max-surge: 2, ready-within: 15s } }'] as const

/** pushway.yml. */
export function settingsFile(ports: TinyPorts, { staging = quickRolling, production = quickCanary }: TinySettings = {}): string {
  const environment = (name: string, branch: string, port: number, lines: readonly string[]) => [
    `  ${name}:`,
    `    branch: ${branch}`,
    `    publish: { 8080: ${port} }`,
    '    services: { web: { port: 3000, ready: /ready } }',
    ...lines.map((line) => `    ${line}`),
  ]
  return [
    'environments:',
    ...environment('staging', 'develop', ports.staging, staging),
    ...environment('production', 'main', ports.production, production),
    '',
  ].join('\n')
}

/** A repository of its own, with a first commit. `name`: `acme/tiny`. */
export async function tinyProject(name: string, settings: TinySettings = {}): Promise<TinyProject> {
  const dir = tempDir('tiny')
  const [staging = 0, production = 0] = await freePorts(2)
  const ports = { staging, production }
  const git = (...args: readonly string[]) => runGit(dir, args)
  const commit = async (files: Readonly<Record<string, string | undefined>>): Promise<string> => {
    for (const [path, text] of Object.entries(files)) {
      const file = join(dir, path)
      if (text === undefined) rmSync(file, { force: true })
      else {
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, text)
      }
    }
    await must(git('add', '-A'))
    await must(git('commit', '-q', '--allow-empty', '-m', `Change ${Object.keys(files).join(', ')}`))
    return (await must(git('rev-parse', 'HEAD'))).stdout.trim()
  }
  await must(git('init', '-q', '-b', 'main'))
  await commit({
    'app.js': program,
    'act.json': JSON.stringify({ version: '1' }),
    Dockerfile: dockerfile,
    'docker-compose.yml': compose,
    'pushway.yml': settingsFile(ports, settings),
    '.github/workflows/ship.yml': workflow(['main', 'develop'], buildJob, deployJob('staging', 'develop'), deployJob('production', 'main')),
  })
  return {
    name,
    dir,
    ports,
    urls: { staging: `http://127.0.0.1:${ports.staging}/`, production: `http://127.0.0.1:${ports.production}/` },
    git,
    commit,
    act: (act) => commit({ 'act.json': JSON.stringify(act) }),
    configure: (next) => commit({ 'pushway.yml': settingsFile(ports, next) }),
    async push({ url, token }, branch) {
      const head = (await must(git('rev-parse', 'HEAD'))).stdout.trim()
      const remote = `${url.replace('//', `//admin:${token}@`)}/${name}.git`
      const outcome = await git('push', '-q', '--force', remote, `HEAD:refs/heads/${branch}`)
      return { ...outcome, commit: head, branch }
    },
  }
}

/** git without the tester's own settings. */
export function runGit(cwd: string, args: readonly string[]): Promise<CommandResult> {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'gc.auto=0']
  const env = { PATH: process.env.PATH ?? '', HOME: cwd, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' }
  const child = spawn('git', [...identity, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ exit: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }))
  })
}

async function must(result: Promise<CommandResult>): Promise<CommandResult> {
  const done = await result
  if (done.exit !== 0) throw new Error(`git ended with ${done.exit}: ${done.stderr}`)
  return done
}
