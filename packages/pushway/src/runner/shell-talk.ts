// The conversation with the small shell that starts processes: a request a line, and what it says of each.

import type { ChildProcess } from 'node:child_process'
import type { Duplex } from 'node:stream'

/** What is said with the shell; one request at a time. */
export interface Talk {
  readonly ready: Promise<void>
  alive(): boolean
  busy(): boolean
  /** The exit code of what the request starts; -1: nobody knows it. */
  send(number: string, onStarted: (pid: number) => void): Promise<number>
  /** Lets it go on, if it was stopped. */
  wake(): void
  /** Ends the shell, which does not do what it should; what it was asked last ends with `code`. */
  giveUp(code: number): void
}

export function listenToShell(shell: ChildProcess): Talk {
  const [requests, , , said] = shell.stdio as unknown as [Duplex, null, null, Duplex & { ref(): void; unref(): void }]
  let alive = true
  let current: { readonly number: string; readonly onStarted: (pid: number) => void; readonly onEnded: (code: number) => void } | undefined
  let rest = ''
  let onReady: (problem?: Error) => void = () => undefined
  const ready = new Promise<void>((resolve, reject) => {
    onReady = (problem) => (problem ? reject(problem) : resolve())
  })
  const take = (line: string) => {
    if (line === 'ready') return onReady()
    const [number, what, value] = line.split(' ')
    if (current === undefined || number !== current.number) return
    if (what === 'started') return current.onStarted(Number(value))
    const { onEnded } = current
    current = undefined
    said.unref()
    onEnded(Number(value))
  }
  const gone = (code = -1) => {
    alive = false
    onReady(new Error('The shell that starts processes has ended.'))
    said.unref()
    current?.onEnded(code)
    current = undefined
  }
  said.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
  for (const stream of [said, shell, requests]) stream.on('error', () => gone())
  said.on('close', () => gone())
  // It must keep nobody from ending: it ends with us.
  shell.unref()
  for (const stream of [requests, said] as unknown as { unref(): void }[]) stream.unref()
  void ready.then(
    () => said.unref(),
    () => undefined,
  )
  said.ref()
  return {
    ready,
    alive: () => alive,
    busy: () => current !== undefined,
    send: (number, onStarted) =>
      new Promise((resolve) => {
        current = { number, onStarted, onEnded: resolve }
        said.ref()
        requests.write(`${number}\n`)
      }),
    wake: () => void shell.kill('SIGCONT'),
    giveUp(code) {
      shell.kill('SIGKILL')
      gone(code)
    },
  }
}
