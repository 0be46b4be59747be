// The results service on a free port, for tests of actions in jobs: real blobs, a real database, real HTTP.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { JobServices, JobSpec } from '@pushway/core/run/types.ts'
import { openFileBlobs } from '../../packages/pushway/src/drivers/blobs/files.ts'
import type { JobServiceRequest } from '../../packages/pushway/src/ports/results.ts'
import { createResults, type ResultsOptions } from '../../packages/pushway/src/results/index.ts'
import { openDatabase } from '../../packages/pushway/src/store/database.ts'
import { createResultsStore, createSealedValues } from '../../packages/pushway/src/store/results.ts'
import { createSettings } from '../../packages/pushway/src/store/settings.ts'
import { tempDir } from './temp.ts'

/** Close it after the tests. `clock.now` may be set; `mistakes` collects what the service did not expect. */
export async function startResults(over: Partial<ResultsOptions> = {}) {
  const dir = tempDir('results')
  const database = openDatabase(join(dir, 'pushway.db'), { durable: false })
  const clock = { offset: 0 }
  const mistakes: unknown[] = []
  const address = { url: '' }
  const blobs = openFileBlobs(join(dir, 'blobs'))
  const store = createResultsStore(database)
  const values = createSealedValues(database, createSettings(database, Buffer.alloc(32, 7)))
  const ended = new Set<string>()
  const results = createResults({
    ...{ blobs, store, values },
    now: () => Date.now() + clock.offset,
    url: () => address.url,
    defaultBranch: async () => 'refs/heads/main',
    isLive: (run) => !ended.has(run),
    onMistake: (error) => void mistakes.push(error),
    ...over,
  })
  const server = createServer((req, res) => void results.handle({ req, res }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issue = (
    over: Partial<JobServiceRequest> & { readonly github?: Readonly<Record<string, unknown>>; readonly run?: string } = {},
  ): Promise<JobServices> => {
    const github = { repository: 'acme/hello', ref: 'refs/heads/main', event_name: 'push', event: {}, ...over.github }
    const contexts = { github, vars: {}, secrets: {}, needs: {}, inputs: {}, matrix: {}, strategy: {} }
    const spec = { run: over.run ?? 'run1', attempt: 1, timeoutMs: 60_000, contexts }
    return results.issue({ project: 'acme/hello', job: 'test', spec, idToken: false, ...over })
  }
  return {
    ...{ url: address.url, dir, blobs, store, values, results, clock, mistakes, ended, issue },
    /** The job with the services that a server gives it. */
    async serve(spec: JobSpec, over: Partial<JobServiceRequest> = {}): Promise<JobSpec> {
      const services = await results.issue({ project: 'acme/hello', job: 'test', spec, idToken: false, ...over })
      const server = { url: address.url, token: 'pwr_none', registryAliases: [], builder: 'embedded' as const, services }
      const github = { ...spec.contexts.github, server_url: address.url, api_url: `${address.url}/api/v3` }
      return { ...spec, server, contexts: { ...spec.contexts, github } }
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => {
          database.close()
          resolve()
        })
      }),
  }
}

export type ResultsWorld = Awaited<ReturnType<typeof startResults>>
