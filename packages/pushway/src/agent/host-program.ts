// What a host program needs around its own process: files before the start, commands before the first one, commands after the end.

import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { HostPart, Program, ProgramFile, ProgramStep } from '../ports/agent.ts'
import { fillText, type InstancePlace, launchOfStep } from './launch.ts'

/** A step that takes longer is given up: making a database cluster takes seconds. */
const longestStepMs = 120_000

/** Writes the files anew: addresses and ports may be others than at the last start. */
export function writeFiles(program: Program, place: InstancePlace): void {
  for (const file of [...(program.files ?? []), ...(program.host?.files ?? [])]) writeOne(file, program, place)
}

function writeOne(file: ProgramFile, program: Program, place: InstancePlace): void {
  const whose = { program, place }
  const path = fillText(file.path, whose)
  const text = file.from === undefined ? file.text : replaced(file, readFileSync(fillText(file.from, whose), 'utf8'))
  writeFileSync(path, file.base64 === undefined ? fillText(text, whose) : Buffer.from(file.base64, 'base64'), { mode: 0o600 })
  chmodSync(path, file.mode)
  const { kind, uid } = program.isolation
  if (kind === 'uid' && uid !== undefined) chownSync(path, uid, uid)
}

function replaced({ replace = [] }: ProgramFile, text: string): string {
  return replace.reduce((before, [pattern, by]) => before.replaceAll(new RegExp(pattern, 'gm'), () => by), text)
}

/** The commands before the first start. @throws Error with the end of what the first failing one said; those that are `always` still run */
export async function prepareHost(program: Program, place: InstancePlace): Promise<void> {
  await runSteps(program.host?.prepare ?? [], program, place)
}

/** The commands after the end; nobody is helped by their failure. */
export async function cleanUpHost(host: HostPart, program: Program, place: InstancePlace): Promise<void> {
  await runSteps(host.after, program, place).catch(() => undefined)
}

async function runSteps(steps: readonly ProgramStep[], program: Program, place: InstancePlace): Promise<void> {
  let failure: unknown
  // Looked at before anything runs: a step's own file does not skip the ones that belong to it.
  const wanted = steps.filter(({ unless }) => unless === undefined || !existsSync(fillText(unless, { program, place })))
  for (const step of wanted) {
    if (failure !== undefined && !step.always) continue
    try {
      await runStep(step, program, place)
    } catch (error) {
      failure ??= error
    }
  }
  if (failure !== undefined) throw failure
}

function runStep(step: ProgramStep, program: Program, place: InstancePlace): Promise<void> {
  const launch = launchOfStep(program, place, step.argv)
  const [file = '', ...args] = launch.argv
  // The group and not only the program: a step may start others.
  const child = spawn(file, args, { cwd: launch.cwd, env: launch.env, uid: launch.uid, gid: launch.gid, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said = `${said}${chunk}`.slice(-4_000)))
  child.stdin.on('error', () => undefined)
  child.stdin.end(step.input === undefined ? '' : fillText(step.input, { program, place }))
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), longestStepMs)
    child.once('error', reject)
    // What a step leaves running keeps its pipes open: its own end counts.
    child.once('exit', (code) => {
      clearTimeout(late)
      for (const stream of [child.stdout, child.stderr]) stream.destroy()
      const name = step.argv[0]
      const what = (typeof name === 'string' ? name : name && 'fill' in name ? name.fill : 'a step').split('/').at(-1)
      if (code === 0) resolve()
      else reject(new Error(`${what} ended with ${code}: ${said.trim().split('\n').slice(-3).join(' ')}`))
    })
  })
}
