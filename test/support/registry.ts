// A real registry on a real port for tests: files and SQLite in a temporary folder, users and tokens made up.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fail } from '@pushway/core/reason/errors.ts'
import { openFileBlobs } from '../../packages/pushway/src/drivers/blobs/files.ts'
import type { BlobStore } from '../../packages/pushway/src/ports/blobs.ts'
import type { Principal } from '../../packages/pushway/src/ports/principal.ts'
import type { RegistryIndex } from '../../packages/pushway/src/ports/registry-index.ts'
import { createRegistry, type RegistryAccess, type RegistryOptions, type RegistryPush } from '../../packages/pushway/src/registry/index.ts'
import { type Database, openDatabase } from '../../packages/pushway/src/store/database.ts'
import { openRegistryIndex } from '../../packages/pushway/src/store/registry-index.ts'
import { tempDir } from './temp.ts'

export interface ServedRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string
  readonly url: string
  readonly blobs: BlobStore
  readonly index: RegistryIndex
  readonly pushes: RegistryPush[]
  /** Digests that can't be deleted. */
  readonly inUse: Set<string>
  /** `METHOD path` of every request. */
  readonly requests: string[]
  close(): Promise<void>
}

/** `hello-token` and `other-token` are run tokens of acme/hello and acme/other; `reader-token` may pull everything; `public/*` is open to read. */
const principals: Readonly<Record<string, Principal>> = {
  'hello-token': { name: 'run of acme/hello', kind: 'run', run: 'r1', project: 'acme/hello' },
  'other-token': { name: 'run of acme/other', kind: 'run', run: 'r2', project: 'acme/other' },
  'reader-token': { name: 'reader', kind: 'token' },
}

function tokenOf(req: IncomingMessage): string | undefined {
  const [scheme = '', value = ''] = (req.headers.authorization ?? '').split(' ')
  if (scheme.toLowerCase() === 'bearer') return value
  return scheme.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString().split(':')[1] : undefined
}

const testAccess: RegistryAccess = {
  async authenticate(req) {
    return principals[tokenOf(req) ?? '']
  },
  allowed(principal, repository, right) {
    if (right === 'pull' && (repository.startsWith('public/') || principal?.name === 'reader')) return true
    return principal?.project !== undefined && (repository === principal.project || repository.startsWith(`${principal.project}/`))
  },
}

/** Serves a registry on 127.0.0.1 until `close`. */
export async function serveRegistry(
  dir = tempDir('registry'),
  { watch = (database) => database, ...options }: Partial<RegistryOptions> & { readonly watch?: (database: Database) => Database } = {},
): Promise<ServedRegistry> {
  const blobs = options.blobs ?? openFileBlobs(`${dir}/blobs`)
  const database = watch(openDatabase(`${dir}/state.sqlite`))
  const index = openRegistryIndex(database, { now: () => 1_000 })
  const pushes: RegistryPush[] = []
  const requests: string[] = []
  const inUse = new Set<string>()
  const handle = createRegistry({
    ...{ index, access: testAccess, ...options, blobs },
    onPush: (push) => pushes.push(push),
    refuseInUse(repository, digest) {
      if (inUse.has(digest)) throw fail('image-in-use', { image: `${repository}@${digest}`, where: 'live in production (web)' })
    },
  })
  const server = createServer((req, res) => {
    requests.push(`${req.method} ${req.url}`)
    void handle(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    url: `http://${host}`,
    blobs,
    index,
    pushes,
    requests,
    inUse,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      database.close()
    },
  }
}
