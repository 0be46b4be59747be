// The image of a Docker action: fetched, or built from its folder.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { buildImage, type Engine, refused, StreamProblem } from '../../util/engine-api/index.ts'
import { joinInside } from '../../util/paths.ts'
import { shortHash } from '../../util/short-hash.ts'
import { ActionFailure } from '../actions/types.ts'

/** Builds the Dockerfile of an action with the action's folder as its context; gives the image's name. @throws ActionFailure with the builder's words */
export async function buildActionImage(
  engine: Engine,
  from: { readonly dir: string; readonly dockerfile: string; readonly say: (text: string) => void; readonly signal: AbortSignal },
): Promise<string> {
  const { dir, say, signal } = from
  const file = joinInside(dir, from.dockerfile)
  if (!existsSync(file)) throw new ActionFailure(`Its ${from.dockerfile} is not there.`)
  // By where it is: what the engine kept of the last build is used again.
  const tag = `pushway-action:${shortHash(dir)}`
  try {
    await buildImage(engine, {
      context: await packContext(dir),
      query: { t: tag, dockerfile: relative(dir, file), labels: { 'pushway.action': tag } },
      signal,
      onProgress: ({ stream }) => {
        if (stream?.trim()) say(stream.trimEnd())
      },
    })
    return tag
  } catch (error) {
    if (error instanceof StreamProblem) throw new ActionFailure(`Its image could not be built: ${error.message}`)
    throw refused('building the image of an action', error)
  }
}

/** As a tar archive, without what `.dockerignore` leaves out. */
async function packContext(dir: string): Promise<Readable> {
  const [{ c }, { default: dockerignore }] = await Promise.all([import('tar'), import('@balena/dockerignore')])
  const file = join(dir, '.dockerignore')
  const ignore: { ignores(path: string): boolean } = dockerignore().add(existsSync(file) ? readFileSync(file, 'utf8') : '')
  const wanted = (path: string) => {
    const name = path.replace(/^\.\//, '')
    return name === '.' || name === '' || dirname(name) === '.git' || !ignore.ignores(name)
  }
  return Readable.from(c({ cwd: dir, portable: true, filter: wanted }, ['.']) as unknown as AsyncIterable<Buffer>)
}
