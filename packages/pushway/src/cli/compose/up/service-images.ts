// The images of a project's services: found, pulled or built before any container is touched.

import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ServiceModel } from '@pushway/core/compose/app/model.ts'
import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import { parseReference } from '../../../drivers/builder/reference.ts'
import { readAuth } from '../../../drivers/builder/shim/settings.ts'
import { EngineRefusal, findImage, pullImage, readProgress, StreamProblem, splitReference } from '../../../util/engine-api/index.ts'
import type { ProjectSituation } from '../situation.ts'
import { buildService } from './build-service.ts'
import { imageName } from './image-name.ts'

export interface ImageWishes {
  readonly build?: boolean
  readonly noBuild?: boolean
  /** `always`, `missing`, `never`, `policy`: instead of what the files say. */
  readonly pull?: string
  readonly quietPull?: boolean
}

/** Service → the id of its image, once the engine has it. @throws PushwayError `image-pull-failed`, `command-failed`, `image-missing` */
export async function obtainImages(situation: ProjectSituation, services: readonly string[], wishes: ImageWishes): Promise<ReadonlyMap<string, string>> {
  const names = new Map(services.map((key) => [key, imageName(situation.name, key, situation.model.services[key] as ServiceModel)]))
  // Services of one image: it is fetched once.
  const byImage = new Map([...names].map(([key, image]) => [image, key]))
  const ids = new Map<string, string>()
  await Promise.all([...byImage].map(async ([image, key]) => void ids.set(image, await obtainImage(situation, { key, image }, wishes))))
  return new Map([...names].map(([key, image]) => [key, ids.get(image) as string]))
}

async function obtainImage(situation: ProjectSituation, at: { key: string; image: string }, wishes: ImageWishes): Promise<string> {
  const { engine, model } = situation
  const { key, image } = at
  const service = model.services[key] as ServiceModel
  const found = await findImage(engine, image)
  const policy = wishes.pull === undefined || wishes.pull === 'policy' ? (service.pull_policy ?? 'missing') : wishes.pull
  if (service.build && (wishes.build || (!wishes.noBuild && (policy === 'build' || (!found && policy !== 'never'))))) return buildService(situation, key)
  if (found && policy !== 'always') return found.Id
  if (!found && (policy === 'never' || service.build))
    throw fail('image-pull-failed', {
      image,
      problem: service.build ? 'it is not built, and --no-build was said' : 'it is not here, and it is not to be pulled',
    })
  if (policy === 'always' && service.build) return found?.Id ?? ''
  await pullOne(situation, { key, image }, wishes.quietPull ?? false)
  const pulled = await findImage(engine, image)
  if (!pulled) throw fail('image-pull-failed', { image, problem: 'the engine does not have it after the pull' })
  return pulled.Id
}

/** Pulls a service's image, with what `docker login` kept. */
export async function pullOne({ engine, progress, model }: ProjectSituation, { key, image }: { key: string; image: string }, quiet: boolean): Promise<void> {
  if (!quiet) progress.say(key, 'Pulling')
  const auth = registryAuth(image)
  const platform = model.services[key]?.platform
  try {
    await pullImage(engine, image, { ...(auth ? { auth } : {}), ...(platform ? { platform } : {}) })
  } catch (error) {
    if (!quiet) progress.say(key, 'Error')
    throw error
  }
  if (!quiet) progress.say(key, 'Pulled')
}

/** Pushes an image, with what `docker login` kept. @throws PushwayError `engine-refused` with the registry's words */
export async function pushOne({ engine, progress }: ProjectSituation, { key, image }: { key: string; image: string }, quiet: boolean): Promise<void> {
  if (!quiet) progress.say(key, 'Pushing')
  const { name, tag } = splitReference(image)
  // The engine wants the header even when there is nothing to say.
  const headers = { 'x-registry-auth': registryAuth(image) ?? Buffer.from('{}').toString('base64') }
  try {
    await readProgress(await engine.open({ method: 'POST', path: `/images/${name}/push`, query: { tag }, headers }), image)
  } catch (error) {
    if (!quiet) progress.say(key, 'Error')
    if (error instanceof EngineRefusal || error instanceof StreamProblem) throw fail('engine-refused', { what: `to push ${image}`, problem: error.message })
    throw error
  }
  if (!quiet) progress.say(key, 'Pushed')
}

function registryAuth(image: string): string | undefined {
  const { registry } = parseReference(image)
  const host = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry
  const kept = readAuth(process.env.DOCKER_CONFIG || join(homedir(), '.docker'), host)
  if (!kept) return undefined
  const [username = '', ...password] = Buffer.from(kept.reveal(), 'base64').toString('utf8').split(':')
  const text = JSON.stringify({ username, password: password.join(':'), serveraddress: host })
  // Go's URL alphabet, with its padding.
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

/** Whether it is a failure that `--ignore-pull-failures` passes over. */
export function isPullFailure(error: unknown): boolean {
  return error instanceof PushwayError && error.code === 'image-pull-failed'
}
