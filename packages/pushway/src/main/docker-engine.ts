// Whether a Docker-compatible engine answers on this machine.

import { request } from 'node:http'

let known: { readonly at: number; readonly answers: boolean } | undefined
const rememberMs = 30_000

/** Asks `/_ping` of DOCKER_HOST's socket or the usual one; the answer is remembered for half a minute. */
export async function engineAnswers(): Promise<boolean> {
  if (known && Date.now() - known.at < rememberMs) return known.answers
  const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock'
  const answers = host.startsWith('unix://') ? await ping({ socketPath: host.slice('unix://'.length) }) : false
  known = { at: Date.now(), answers }
  return answers
}

function ping(target: { readonly socketPath: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ ...target, path: '/_ping', timeout: 1_000 }, (res) => {
      res.resume()
      resolve(res.statusCode === 200)
    })
    call.on('error', () => resolve(false))
    call.on('timeout', () => call.destroy())
    call.end()
  })
}
