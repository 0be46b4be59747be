// Artifacts of a run: list, download, remove; and the key of identity tokens.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ArtifactView } from '@pushway/core/views/types.ts'
import { disposition } from '../../results/blob-endpoint.ts'
import { RawAnswer, type Route, route } from '../route.ts'
import type { Services } from '../services.ts'

interface Named {
  readonly project: string
  readonly params: Readonly<Record<string, string>>
}

export function artifactRoutes(services: Services): readonly Route[] {
  const runOf = ({ project, params }: Named): string => {
    const text = params.number ?? ''
    if (!/^[1-9]\d{0,9}$/.test(text)) throw fail('not-found', { what: 'run', name: text })
    return services.queries.run({ project, number: Number(text) }).id
  }
  const find = (call: Named): { readonly run: string; readonly artifact: ArtifactView } => {
    const run = runOf(call)
    const wanted = call.params.artifact ?? ''
    const artifact = chooseArtifact(services.artifacts.list(run), wanted)
    if (!artifact) throw fail('not-found', { what: 'artifact', name: wanted })
    return { run, artifact }
  }
  return [
    route({
      method: 'GET',
      path: '/projects/:owner/:name/runs/:number/artifacts',
      action: 'run.read',
      summary: 'The artifacts of a run, newest first.',
      handle: (call) => services.artifacts.list(runOf(call)),
    }),
    route({
      method: 'GET',
      path: '/projects/:owner/:name/runs/:number/artifacts/:artifact',
      action: 'run.read',
      summary: 'The file of an artifact (by id, or by name: the newest of that name), mostly a zip.',
      async handle(call) {
        const { run, artifact } = find(call)
        const { mime, fileName, bytes } = await services.artifacts.open(run, artifact.id)
        return new RawAnswer(async (req, res) => {
          const headers = {
            'content-type': mime,
            'content-disposition': disposition(fileName),
            'content-length': String(artifact.size),
            'cache-control': 'no-store',
          }
          res.writeHead(200, headers)
          if (req.method === 'HEAD') return void res.end()
          await pipeline(Readable.from(bytes), res).catch(() => res.destroy())
        })
      },
    }),
    route({
      method: 'DELETE',
      path: '/projects/:owner/:name/runs/:number/artifacts/:artifact',
      action: 'run.control',
      summary: 'Remove an artifact.',
      async handle(call) {
        const { run, artifact } = find(call)
        await services.artifacts.remove(run, artifact.id)
      },
    }),
    route({
      method: 'POST',
      path: '/id-token-key/rotate',
      action: 'id-token.administer',
      summary: 'Sign identity tokens of jobs with a new key from now on; the old one stays published for two days.',
      handle: () => services.rotateIdTokenKey(),
    }),
  ]
}

/** A name that is a number is an id first. */
function chooseArtifact(list: readonly ArtifactView[], wanted: string): ArtifactView | undefined {
  return list.find(({ id }) => String(id) === wanted) ?? list.find(({ name }) => name === wanted)
}
