// Artifacts, caches and identity tokens of a local run: the server's own code in this process, begun when an action first asks.
// Caches stay in the user's cache folder from run to run; artifacts are of the run alone, unless a folder for them is named.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ArtifactView } from '@pushway/core/views/types.ts'
import type { JobServiceRequest, SealedValues } from '../../ports/results.ts'
import type { Results } from '../../results/index.ts'
import type { ServiceAccess } from '../../runner/service-variables.ts'
import { execProgram } from '../../util/exec.ts'
import { randomHex } from '../../util/random.ts'
import type { Secret } from '../../util/secret.ts'

export interface LocalServices {
  /** What one job is given. */
  forJob(request: JobServiceRequest): ServiceAccess
  /** Ends them: artifacts go to `to/NAME/` when it is named, and are gone afterwards. Says what there was. */
  close(to: string | undefined): Promise<readonly ArtifactView[]>
}

interface Running {
  readonly results: Results
  readonly server: Server
  readonly closeStore: () => void
}

/** `cacheDir`: the user's; `treeDir`: whose remote knows the default branch. */
export function localServices(options: { readonly cacheDir: string; readonly treeDir: string }): LocalServices {
  const run = `local-${randomHex(8)}`
  let running: Promise<Running> | undefined
  const open = (): Promise<Running> => {
    running ??= start(options)
    return running
  }
  return {
    forJob: (request) => ({
      idToken: request.idToken,
      open: async () => (await open()).results.issue({ ...request, spec: { ...request.spec, run } }),
    }),
    async close(to) {
      if (running === undefined) return []
      const { results, server, closeStore } = await running
      try {
        const artifacts = results.artifacts.list(run)
        if (to !== undefined) for (const artifact of artifacts) await unpackArtifact(results, run, { artifact, to })
        for (const { id } of artifacts) await results.artifacts.remove(run, id)
        return artifacts
      } finally {
        server.closeAllConnections()
        server.close()
        closeStore()
      }
    },
  }
}

async function start({ cacheDir, treeDir }: { cacheDir: string; treeDir: string }): Promise<Running> {
  const [{ createResults }, { openFileBlobs }, { openDatabase }, { createResultsStore }, { mkdirSync }] = await Promise.all([
    import('../../results/index.ts'),
    import('../../drivers/blobs/files.ts'),
    import('../../store/database.ts'),
    import('../../store/results.ts'),
    import('node:fs'),
  ])
  const dir = join(cacheDir, 'results')
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const database = openDatabase(join(dir, 'results.db'), { durable: false })
  const address = { url: '' }
  const results = createResults({
    blobs: openFileBlobs(join(dir, 'blobs')),
    store: createResultsStore(database),
    values: valuesInMemory(),
    now: () => Date.now(),
    url: () => address.url,
    defaultBranch: () => defaultBranch(treeDir),
    isLive: () => true,
    onMistake: (error) => void process.stderr.write(`The services for actions failed: ${(error as Error).message}\n`),
  })
  const server = createServer((req, res) => void results.handle({ req, res }))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  server.unref()
  address.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await results.sweep()
  return { results, server, closeStore: () => database.close() }
}

/** Keys of a run that nobody verifies anything with afterwards. */
function valuesInMemory(): SealedValues {
  const values = new Map<string, Secret>()
  return { read: (name) => values.get(name), write: (name, value) => void values.set(name, value) }
}

async function defaultBranch(dir: string): Promise<string> {
  const { exit, stdout } = await execProgram(['git', 'symbolic-ref', '--quiet', 'refs/remotes/origin/HEAD'], { cwd: dir })
  const branch = /^refs\/remotes\/origin\/(.+)$/.exec(stdout.trim())?.[1]
  return `refs/heads/${exit === 0 && branch ? branch : 'main'}`
}

async function unpackArtifact(results: Results, run: string, { artifact, to }: { artifact: ArtifactView; to: string }): Promise<void> {
  const { keepArtifact } = await import('../keep-artifact.ts')
  const { mime, fileName, bytes } = await results.artifacts.open(run, artifact.id)
  await keepArtifact({ bytes, mime, fileName, to: join(to, artifact.name) })
}
