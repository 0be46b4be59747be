// Whether a Docker-compatible engine answers on this machine.

import { enginePings, findEngine } from '../util/engine-api/index.ts'

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
