// An address of this machine for each service of an environment, so that its name means one place for every program, on all of its ports.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EnvironmentId } from '@pushway/core/text/ids.ts'
import { writeFileAtomic } from '../../../util/files.ts'
import { type AddressRange, canListen, chooseAddress } from '../../../util/local-addresses.ts'

/** 127.64.0.0/10: loopback addresses that nothing else uses by habit. */
const addressRange: AddressRange = { first: 127 * 2 ** 24 + 64 * 2 ** 16, count: 2 ** 22 }

export interface LoopbackAddresses {
  /** The same one for as long as the data folder is there; undefined where the machine has no such addresses (macOS). */
  of(environment: EnvironmentId, service: string): Promise<string | undefined>
}

/** The addresses given so far are kept in `dir/addresses.json`. */
export function openLoopbackAddresses(dir: string): LoopbackAddresses {
  const file = join(dir, 'addresses.json')
  let works: Promise<boolean> | undefined
  return {
    async of(environment, service) {
      works ??= canListen('127.64.0.1')
      if (!(await works)) return undefined
      const given = readGiven(file)
      const key = `${environment}~${service}`
      const known = given[key]
      if (known !== undefined) return known
      // The data folder is part of the choice: two servers on one machine rarely meet.
      const address = chooseAddress(addressRange, `${dir}~${key}`, new Set(Object.values(given)))
      writeFileAtomic(file, JSON.stringify({ ...given, [key]: address }))
      return address
    },
  }
}

function readGiven(file: string): Readonly<Record<string, string>> {
  if (!existsSync(file)) return {}
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>
  } catch {
    return {}
  }
}
