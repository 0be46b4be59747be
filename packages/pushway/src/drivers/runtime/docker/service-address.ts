// Addresses of this machine by which containers reach services through the router: one a service, outside every network's own range.
// Why: docs/decisions/0010-service-addresses-on-docker.md.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EnvironmentId } from '@pushway/core/text/ids.ts'
import type { ServiceAddress } from '../../../ports/runtime.ts'
import { execProgram } from '../../../util/exec.ts'
import { writeFileAtomic } from '../../../util/files.ts'
import { type AddressRange, canListen, chooseAddress } from '../../../util/local-addresses.ts'
import type { DockerContext } from './context.ts'
import { subnetsOf } from './networks.ts'

/** For measurements between networks (RFC 2544): on no real network, so that nothing else is reached by it. */
const serviceRange = '198.18.0.0/15'
export const addressRange: AddressRange = { first: 198 * 2 ** 24 + 18 * 2 ** 16, count: 2 ** 17 }
const probe = '198.18.0.1'
const rememberMs = 15_000

export interface ServiceAddresses {
  of(environment: EnvironmentId, service: string, signal: AbortSignal): Promise<ServiceAddress | undefined>
}

/** The addresses, kept in `dir` once given. Undefined answers where this machine can't have them: then containers find each other by the engine's own names. */
export function openServiceAddresses(context: DockerContext, dir: string): ServiceAddresses {
  const file = join(dir, 'addresses.json')
  const subnets = new Map<EnvironmentId, { readonly at: number; readonly list: Promise<readonly string[]> }>()
  let range: { readonly at: number; readonly ok: Promise<boolean> } | undefined

  function rangeIsHere(): Promise<boolean> {
    if (range === undefined || Date.now() - range.at > rememberMs) range = { at: Date.now(), ok: ensureRange() }
    return range.ok
  }

  function subnetsFor(environment: EnvironmentId, signal: AbortSignal): Promise<readonly string[]> {
    const known = subnets.get(environment)
    if (known && Date.now() - known.at < 1_000) return known.list
    const list = subnetsOf(context, environment, signal)
    subnets.set(environment, { at: Date.now(), list })
    list.catch(() => subnets.delete(environment))
    return list
  }

  return {
    async of(environment, service, signal) {
      if ((await context.reach()) !== 'bridge' || !(await rangeIsHere())) return undefined
      const given = readGiven(file)
      const key = `${environment}~${service}`
      let host = given[key]
      if (host === undefined) {
        host = chooseAddress(addressRange, key, new Set(Object.values(given)))
        writeFileAtomic(file, JSON.stringify({ ...given, [key]: host }))
      }
      return { host, from: await subnetsFor(environment, signal) }
    },
  }
}

function readGiven(file: string): Readonly<Record<string, string>> {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>) : {}
}

/** Makes this machine answer for the whole range: one route, which a reboot takes away and the next look brings back. */
async function ensureRange(): Promise<boolean> {
  if (await canListen(probe)) return true
  if (process.getuid?.() !== 0) return false
  const made = await execProgram(['ip', 'route', 'replace', 'local', serviceRange, 'dev', 'lo'], { timeoutMs: 5_000 }).catch(() => undefined)
  return made?.exit === 0 && canListen(probe)
}
