// One probe of one container: its page or port from outside, or a command inside it.

import type { Probe } from '@pushway/core/app/types.ts'
import { type ContainerDetails, type Engine, runExec } from '../../../util/engine-api/index.ts'
import { type ProbeResult, probeHttp, probeTcp } from '../../../util/probe.ts'
import type { Reach } from './container-body.ts'

/** Asks once; never rejects for what the container does, and answers at the latest after the probe's timeout. */
export async function askProbe(
  { engine, reach }: { readonly engine: Engine; readonly reach: () => Promise<Reach> },
  container: ContainerDetails,
  { probe, addresses }: { readonly probe: Probe; readonly addresses: Readonly<Record<number, string>> },
): Promise<ProbeResult> {
  const { check, timeoutMs } = probe
  if (check.kind === 'command' || check.kind === 'shell') return askCommand(engine, container.Id, { check, timeoutMs })
  const [host = '', hostPort = ''] = splitAddress(addresses[check.port])
  if (host === '') return { ok: false, problem: `port ${check.port} can't be reached from this machine` }
  const target = { host, hostPort: Number(hostPort), port: check.port, timeoutMs }
  if (check.kind === 'http') return probeHttp({ ...target, path: check.path })
  return probeTcp({ ...target, staysMs: (await reach()) === 'published' ? 60 : 0 })
}

async function askCommand(
  engine: Engine,
  id: string,
  { check, timeoutMs }: { check: Extract<Probe['check'], { kind: 'command' | 'shell' }>; timeoutMs: number },
): Promise<ProbeResult> {
  const argv = check.kind === 'shell' ? ['/bin/sh', '-c', check.line] : check.argv
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const { exit, output } = await runExec(engine, id, { argv, signal })
    return exit === 0 ? { ok: true } : { ok: false, problem: commandProblem(exit, output) }
  } catch (error) {
    return { ok: false, problem: signal.aborted ? `the health command did not end within ${timeoutMs} ms` : `the health command: ${(error as Error).message}` }
  }
}

/** What a health command said when it failed. */
export function commandProblem(exit: number, output: string): string {
  const said = output.split('\n').find((line) => line.trim() !== '') ?? ''
  return `the health command ended with ${exit}${said === '' ? '' : `: ${said.trim().slice(0, 200)}`}`
}

function splitAddress(address: string | undefined): readonly [string, string] | readonly [] {
  const at = address?.lastIndexOf(':') ?? -1
  return address === undefined || at < 0 ? [] : [address.slice(0, at).replace(/^\[|\]$/g, ''), address.slice(at + 1)]
}
