// What the engine's refusals mean for people.

import { fail } from '@pushway/core/reason/errors.ts'
import { EngineRefusal, StreamProblem } from '../../../util/engine-api/index.ts'

/** Runs `work`; a refusal of the engine becomes an error of the table that names the service. */
export async function explainRefusal<T>(service: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof EngineRefusal || error instanceof StreamProblem ? refusalError(service, error.message) : error
  }
}

/** Follows the sentences of Docker Engine 20.10 to 28 and Podman 4 and 5. Pure. */
export function refusalError(service: string, message: string): Error {
  const port = /(?:0\.0\.0\.0|\[?::\]?|[\d.]+):(\d+)[^\d].*(?:already (?:allocated|in use)|address already in use)/i.exec(message)?.[1]
  if (port !== undefined) return fail('port-in-use', { port: Number(port), owner: 'another container or program' })
  if (/no space left on device/i.test(message)) return fail('disk-full', { where: "the container engine's storage" })
  const volume = /volume (?:is in use|"?(\S+?)"? is (?:being used|in use))/i.exec(message)
  if (volume) return fail('engine-refused', { what: `service ${service}`, problem: message })
  return fail('engine-refused', { what: `service ${service}`, problem: message.replace(/\.$/, '') })
}
