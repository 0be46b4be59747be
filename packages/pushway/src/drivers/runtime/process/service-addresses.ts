// An address of this machine for each service of an environment, so that its name means one place for every program, on all of its ports.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { EnvironmentId } from '@pushway/core/text/ids.ts'
import { writeFileAtomic } from '../../../util/files.ts'

/** 127.64.0.0/10: loopback addresses that nothing else uses by habit. */
const first = 127 * 2 ** 24 + 64 * 2 ** 16
const count = 2 ** 22

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
      const address = chooseAddress(`${dir}~${key}`, new Set(Object.values(given)))
      writeFileAtomic(file, JSON.stringify({ ...given, [key]: address }))
      return address
    },
  }
}

/** From the key; the next one when it is taken. Pure. */
function chooseAddress(key: string, taken: ReadonlySet<string>): string {
  const start = createHash('sha256').update(key).digest().readUInt32BE(0) % count
  for (let step = 0; step < count; step++) {
    const value = first + ((start + step) % count)
    const address = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
    if (!/\.(0|255)$/.test(address) && !taken.has(address)) return address
  }
  throw new Error('every service address is taken')
}

function readGiven(file: string): Readonly<Record<string, string>> {
  if (!existsSync(file)) return {}
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>
  } catch {
    return {}
  }
}

function canListen(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port: 0 }, () => server.close(() => resolve(true)))
  })
}
