// Finds out what a RUN can see on this machine, by doing it once.

import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemProgram } from '../../../../util/isolation/index.ts'
import { enterImage, type ViewMount } from './enter.ts'
import { type BuildView, idBase } from './types.ts'

const found = new Map<string, Promise<BuildView>>()

/** The best view that works here; once per process and setting. `PUSHWAY_ISOLATION=none` asks for the plain folder. */
export function detectBuildView(env: NodeJS.ProcessEnv): Promise<BuildView> {
  const setting = env.PUSHWAY_ISOLATION ?? ''
  const known = found.get(setting) ?? detect(setting)
  found.set(setting, known)
  return known
}

async function detect(setting: string): Promise<BuildView> {
  if (setting === 'none') return { kind: 'folder', why: 'PUSHWAY_ISOLATION=none' }
  if (process.platform !== 'linux') return { kind: 'folder', why: 'only Linux has mount namespaces' }
  const ids = process.getuid?.() === 0 ? (['range', 'single'] as const) : (['single'] as const)
  for (const overlay of [true, false]) {
    for (const kind of ids) if (await works(kind, overlay)) return { kind: 'image', ids: kind, overlay }
  }
  return { kind: 'folder', why: 'user and mount namespaces are not allowed here' }
}

/** Runs this machine's own `test` in a tiny image: its file is there, this machine's are not. */
async function works(ids: 'range' | 'single', overlay: boolean): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'pushway-view-'))
  const own = (path: string) => ids === 'range' && chownSync(path, idBase, idBase)
  try {
    chmodSync(dir, 0o711)
    for (const name of ['root', 'tools', 'work', 'upper', 'root/usr', 'root/proc', 'root/dev', 'root/bin', 'root/lib', 'root/lib64']) {
      mkdirSync(join(dir, name))
      own(join(dir, name))
    }
    writeFileSync(join(dir, 'root/here'), '')
    const at = (path: string) => join(dir, 'root', path)
    const usr: ViewMount = overlay
      ? { kind: 'overlay', upper: join(dir, 'upper'), lower: ['/usr'], work: join(dir, 'work'), to: at('usr') }
      : { kind: 'bind-ro', from: '/usr', to: at('usr') }
    const more = ['/bin', '/lib', '/lib64'].map((from): ViewMount => ({ kind: 'bind-ro', from, to: at(from) }))
    const exit = await enterImage({
      ids,
      root: join(dir, 'root'),
      tools: join(dir, 'tools'),
      mounts: [usr, ...more, { kind: 'proc', to: at('proc') }, { kind: 'dev', to: at('dev') }],
      stage: [],
      cwd: '/',
      noNetwork: false,
      argv: [systemProgram('sh'), '-c', `test -e /here && test ! -e /etc && : >/dev/null${overlay ? ' && mkdir /usr/pushway-trial' : ''}`],
      env: { PATH: '/usr/bin:/bin' },
      onLine: () => undefined,
      signal: AbortSignal.timeout(10_000),
    })
    return exit === 0
  } catch {
    return false
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
