// The named pipes that processes of a job print to: they keep standard output and error in order, and `/dev/stdout` works in them.

import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { makeFifos } from './make-fifos.ts'

/** How long the output of processes that outlive the one that was started is still taken for its own. */
const lingerMs = 250

export interface ProcessOutput {
  readonly fifo: string
  /** The writing end; it keeps the reader from seeing an end before the process has opened its own. */
  readonly fd: number
  /** The process has its own copy of `fd`. */
  started(): void
  /** Everything was read, or only processes that outlive it still write. */
  drained(): Promise<void>
}

/** Gives pipes out, and takes those back that nothing writes to any more. */
export interface OutputPipes {
  open(onOutput: (chunk: Buffer) => void): Promise<ProcessOutput>
  /** Nothing is started any more. */
  close(): void
}

const madeAtOnce = 8

/** @param ready pipes that are there already @param uid who may use those that are made, besides the worker */
export function createOutputPipes(dir: string, options: { readonly uid?: number; readonly ready?: readonly string[] } = {}): OutputPipes {
  const free = [...(options.ready ?? [])]
  let made = free.length
  let spare: Opened | undefined
  let closed = false
  const more = async () => {
    const files = Array.from({ length: madeAtOnce }, (_, index) => join(dir, `out-${made + index}`))
    made += madeAtOnce
    free.push(...(await makeFifos(files, options.uid)))
  }
  const openOne = () => {
    const fifo = free.shift() as string
    return openOutput(fifo, () => free.push(fifo))
  }
  // While a process runs there is time to get ready for the next one.
  const prepare = () => {
    if (!closed && free.length > 0) spare ??= openOne()
  }
  return {
    async open(onOutput) {
      if (spare === undefined && free.length === 0) await more()
      const opened = spare ?? openOne()
      spare = undefined
      setImmediate(prepare)
      return opened.use(onOutput)
    },
    close() {
      closed = true
      spare?.discard()
    },
  }
}

interface Opened {
  use(onOutput: (chunk: Buffer) => void): ProcessOutput
  discard(): void
}

/** Reads the pipe until its last writer is gone. What background processes write later goes on being read, so that they never block. */
function openOutput(fifo: string, onEnd: () => void): Opened {
  const reading = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const fd = openSync(fifo, constants.O_WRONLY)
  const socket = new Socket({ fd: reading, readable: true, writable: false })
  const end = new Promise<void>((resolve) => {
    socket.on('error', () => resolve())
    // Closed, not only ended: whoever opens it next must not share it with this reader.
    socket.on('close', () => {
      onEnd()
      resolve()
    })
  })
  // Until it is used it keeps nobody from ending.
  socket.unref()
  return {
    discard() {
      closeSync(fd)
      socket.destroy()
    },
    use(onOutput) {
      socket.ref()
      socket.on('data', onOutput)
      return { fifo, fd, started: () => closeSync(fd), drained: () => drain(socket, end) }
    },
  }
}

async function drain(socket: Socket, end: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const linger = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, lingerMs)
  })
  await Promise.race([end, linger])
  clearTimeout(timer)
  socket.unref()
}
