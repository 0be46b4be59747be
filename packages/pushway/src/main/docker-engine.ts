// The Docker-compatible engine of this machine: whether it answers, and the runtime on it.

import { PushwayError } from '@pushway/core/reason/errors.ts'
import { createDockerRuntime } from '../drivers/runtime/docker/index.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { Runtime } from '../ports/runtime.ts'
import { type EngineAddress, enginePings, findEngine } from '../util/engine-api/index.ts'
import type { DataFolder } from './data-folder.ts'

let known: { readonly at: number; readonly answers: boolean } | undefined
const rememberMs = 30_000

/** Asks `/_ping` of the engine that the docker command would use; the answer is remembered for half a minute. */
export async function engineAnswers(): Promise<boolean> {
  if (known && Date.now() - known.at < rememberMs) return known.answers
  const address = findAddress()
  const answers = address !== undefined && (await enginePings(address, 1_000))
  known = { at: Date.now(), answers }
  return answers
}

/** An address that can't be used is as good as none here; who needs the engine is told. */
function findAddress() {
  try {
    return findEngine({ env: process.env })
  } catch {
    return undefined
  }
}

/** Where Docker listens unless told otherwise; its socket may come later than this server. */
const usual: EngineAddress = { kind: 'unix', path: '/var/run/docker.sock', foundBy: 'the usual socket' }

/**
 * The Docker runtime of a data folder. Nothing is asked of the engine before an environment uses it. Without an address that can be used
 * there is none, which only matters to who wants it: `told` gets the sentence.
 */
export function openDockerRuntime(folder: Pick<DataFolder, 'path'>, blobs: BlobStore, told: (problem: string) => void): { readonly docker?: Runtime } {
  try {
    return { docker: createDockerRuntime({ address: findEngine({ env: process.env }) ?? usual, stateDir: folder.path('docker'), blobs }) }
  } catch (error) {
    if (!(error instanceof PushwayError)) throw error
    told(`${error.message} ${error.next}`)
    return {}
  }
}
