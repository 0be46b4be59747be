// Runs one probe once against one instance.

import { execFile } from 'node:child_process'
import type { Probe } from '@pushway/core/app/types.ts'
import type { Program, Word } from '../ports/agent.ts'
import { type ProbeResult, probeHttp, probeTcp } from '../util/probe.ts'
import { addressOf, type InstancePlace, type Launch, launchOf } from './launch.ts'

/** Runs `probe` once; never rejects, and answers at the latest after its own timeout. */
export function runProbe(probe: Probe, program: Program, place: InstancePlace): Promise<ProbeResult> {
  const { check } = probe
  switch (check.kind) {
    case 'http':
      return probeHttp({
        host: addressOf(program),
        port: check.port,
        hostPort: place.ports[check.port] ?? check.port,
        path: check.path,
        timeoutMs: probe.timeoutMs,
      })
    case 'tcp':
      return probeTcp({ host: addressOf(program), port: check.port, hostPort: place.ports[check.port] ?? check.port, timeoutMs: probe.timeoutMs })
    case 'command':
      return probeCommand(program, place, { words: check.argv.map((word) => movePorts(word, place.ports)), timeoutMs: probe.timeoutMs })
    case 'shell':
      return probeCommand(program, place, { words: ['/bin/sh', '-c', movePorts(check.line, place.ports)], timeoutMs: probe.timeoutMs })
  }
}

/** `localhost:3000` in a probe's command is the instance's own port, wherever it really is. */
export function movePorts(text: string, ports: Readonly<Record<number, number>>): string {
  const moved = text.replace(/(?<![\w.-])(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d{1,5})(?!\d)/g, (whole, _host, port: string) => {
    const host = ports[Number(port)]
    return host === undefined ? whole : `127.0.0.1:${host}`
  })
  const plain = ports[80]
  return plain === undefined ? moved : moved.replace(/(http:\/\/)(localhost|127\.0\.0\.1)(?![\w.:-])/g, `$1127.0.0.1:${plain}`)
}

function probeCommand(program: Program, place: InstancePlace, what: { readonly words: readonly Word[]; readonly timeoutMs: number }): Promise<ProbeResult> {
  let launch: Launch
  try {
    // A host program's recipe speaks of its place.
    const words = program.host ? what.words.map((word) => (typeof word === 'string' ? { fill: word } : word)) : what.words
    launch = launchOf(program, place, words)
  } catch (error) {
    return Promise.resolve({ ok: false, problem: String(error) })
  }
  const [file = '', ...args] = launch.argv
  const options = { cwd: launch.cwd, env: launch.env, uid: launch.uid, gid: launch.gid, timeout: what.timeoutMs, killSignal: 'SIGKILL' as const }
  return new Promise((resolve) => {
    execFile(file, args, { ...options, maxBuffer: 64 * 1024 }, (error, stdout, stderr) => {
      if (error === null) return resolve({ ok: true })
      const said = `${stderr}\n${stdout}`.split('\n').find((line) => line.trim() !== '') ?? ''
      const how = error.killed ? `did not end within ${what.timeoutMs} ms` : `ended with ${error.code ?? error.signal}`
      resolve({ ok: false, problem: `the health command ${how}${said === '' ? '' : `: ${said.trim().slice(0, 200)}`}` })
    })
  })
}
