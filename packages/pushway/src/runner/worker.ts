// The worker process of one job: `pushway internal worker`. It outlives the control plane; all it says is in its spool.

import { existsSync, readFileSync, watch } from 'node:fs'
import { writeFileAtomic } from '../util/files.ts'
import { spoolFiles, type WorkerIdentity } from '../util/job-spool.ts'
import { processStartTime } from '../util/process-identity.ts'
import { newMark, runJob } from './job.ts'
import { openSpool } from './spool-writer.ts'
import { readWorkerInput } from './worker-input.ts'

/** Reads its job from standard input, runs it, and ends the process when it has ended. */
export async function runWorker(): Promise<number> {
  const input = readWorkerInput(await readAll(process.stdin))
  const { spool: dir } = input.folders
  const files = spoolFiles(dir)
  const mark = newMark()
  const cancel = new AbortController()
  const force = new AbortController()
  const identity: WorkerIdentity = { pid: process.pid, startTime: processStartTime(process.pid) ?? '', mark }
  writeFileAtomic(files.worker, JSON.stringify(identity))
  const spool = openSpool(dir, () => cancel.abort())
  const look = () => {
    if (!existsSync(files.cancel)) return
    cancel.abort()
    if (readFileSync(files.cancel, 'utf8').trim() === 'force') force.abort()
  }
  const watcher = watch(dir, look)
  watcher.on('error', () => undefined)
  process.on('SIGTERM', () => cancel.abort())
  process.on('SIGINT', () => cancel.abort())
  process.on('SIGHUP', () => undefined)
  const poll = setInterval(look, 1000)
  look()
  try {
    await runJob(input, spool, { cancel: cancel.signal, force: force.signal, mark })
    await persist(spool)
  } finally {
    clearInterval(poll)
    watcher.close()
    spool.close()
  }
  // Output pipes of processes that could not be ended must not keep the worker.
  process.exit(0)
}

/** A full disk may become free again: the result is tried until it is written. */
async function persist(spool: ReturnType<typeof openSpool>): Promise<void> {
  const { setTimeout: sleep } = await import('node:timers/promises')
  for (let round = 0; round < 600 && spool.pending(); round++) {
    await sleep(1000)
    spool.retry()
  }
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
