// Images of a project: what the registry has of it, what is deleted, what stays; and garbage collection.

import type { MirrorView } from '@pushway/core/images/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import { z } from 'zod'
import type { PublicKey, SigningKeys } from '../../ports/evidence.ts'
import type { Mirror } from '../../ports/mirrors.ts'
import { Secret } from '../../util/secret.ts'
import { type Call, type Route, route } from '../route.ts'
import type { Services } from '../services.ts'

const policy = z.object({ keepReleases: z.number().int().min(1).max(1000).optional(), anonymousPull: z.boolean().optional() })
const pass = z.object({ dryRun: z.boolean().default(true) })

export function imageRoutes(services: Services): readonly Route[] {
  return [...projectImageRoutes(services), ...evidenceRoutes(services), ...registryRoutes(services), ...mirrorRoutes(services)]
}

/** What concerns the whole server's registry. */
function registryRoutes({ images }: Services): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/registry/collect',
      action: 'image.collect',
      summary: 'Garbage collection now; by default it only says what it would remove.',
      body: pass,
      handle: ({ body }) => images.collect(body),
    }),
    route({
      method: 'POST',
      path: '/registry/scrub',
      action: 'image.collect',
      summary: 'Read everything that is stored and name what is damaged or missing.',
      body: z.object({ repair: z.boolean().default(false) }),
      handle: ({ body }) => images.scrub(body),
    }),
  ]
}

const base = '/projects/:owner/:name/registry'
const reference = (call: Pick<Call<unknown, unknown>, 'params'>) => call.params.reference ?? ''

/** What is proven of images, and with which keys. */
function evidenceRoutes({ images, signingKeys }: Services): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: `${base}/images/:reference/sbom`,
      action: 'image.read',
      summary: "An image's bill of materials as SPDX 2.3, whose signature holds.",
      handle: async (call) => JSON.parse(Buffer.from(await images.sbom(call.project, reference(call))).toString('utf8')) as unknown,
    }),
    route({
      method: 'GET',
      path: '/projects/:owner/:name/signing-keys',
      action: 'image.read',
      summary: "The public keys that verify the project's images, newest first.",
      handle: ({ project }) => keysOf(signingKeys, project),
    }),
    route({
      method: 'POST',
      path: '/projects/:owner/:name/signing-keys',
      action: 'image.administer',
      summary: 'A new key signs from now on; the old ones go on to prove what they signed.',
      status: 201,
      handle: ({ project }) => {
        signingKeys.rotate(project)
        return keysOf(signingKeys, project)
      },
    }),
  ]
}

/** Made when they are asked for the first time, so that there is always one to verify with. */
function keysOf(keys: SigningKeys, project: ProjectName): readonly PublicKey[] {
  keys.current(project)
  return keys.all(project)
}

const mirror = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional(),
  username: z.string().min(1).max(500).optional(),
  secret: z.string().min(1).max(65_536).optional(),
  privateNetwork: z.boolean().default(false),
})

function viewMirror({ host, url, username, privateNetwork }: Mirror): MirrorView {
  return { host, url, privateNetwork, ...(username === undefined ? {} : { username }) }
}

/** Registries that are pulled through. */
function mirrorRoutes({ mirrors }: Services): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/registry/mirrors',
      action: 'mirror.administer',
      summary: 'The registries that are asked for what is not here. Credentials are not shown.',
      handle: () => mirrors.list().map(viewMirror),
    }),
    route({
      method: 'PUT',
      path: '/registry/mirrors/:host',
      action: 'mirror.administer',
      summary: 'Pull the images of a registry through this one, with a credential or by another address where they are given.',
      body: mirror,
      handle: ({ params, body }) => {
        const made = checkMirror(params.host ?? '', body)
        mirrors.set(made)
        return viewMirror(made)
      },
    }),
    route({
      method: 'DELETE',
      path: '/registry/mirrors/:host',
      action: 'mirror.administer',
      summary: 'Ask that registry no more. What no environment needs of it goes with garbage collection.',
      handle: ({ params }) => {
        if (!mirrors.remove(params.host ?? '')) throw fail('not-found', { what: 'mirror', name: params.host ?? '' })
      },
    }),
  ]
}

/** Docker Hub's registry has another name than its images. */
const usualUrls: Readonly<Record<string, string>> = { 'docker.io': 'https://registry-1.docker.io' }

function checkMirror(host: string, body: z.infer<typeof mirror>): Mirror {
  // With a dot it can be no owner of projects; a port can't stand in a repository's name.
  if (!/^[a-z0-9]+([.-][a-z0-9]+)*\.[a-z0-9-]+$/.test(host))
    throw fail('name-invalid', { what: 'mirror', name: host, rule: 'It is the host of image names, with a dot and without a port: ghcr.io.' })
  const { username, secret, privateNetwork, url = usualUrls[host] ?? `https://${host}` } = body
  if ((username === undefined) !== (secret === undefined)) throw fail('body-invalid', { problem: 'A username needs a secret, and a secret a username' })
  return { host, url, privateNetwork, ...(username !== undefined && secret !== undefined ? { username, secret: new Secret(secret) } : {}) }
}

function projectImageRoutes({ images, imagePolicies }: Services): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: base,
      action: 'image.read',
      summary: 'Images in the registry, with sizes and where they run.',
      handle: ({ project }) => images.list(project),
    }),
    route({
      method: 'GET',
      path: `${base}/images/:reference`,
      action: 'image.read',
      summary: 'One image: its parts, what speaks of it, where it runs.',
      handle: (call) => images.inspect(call.project, reference(call)),
    }),
    route({
      method: 'DELETE',
      path: `${base}/images/:reference`,
      action: 'image.remove',
      summary: 'Delete a tag, or an image by digest. Refused while an environment needs it.',
      handle: (call) => images.remove(call.project, reference(call)),
    }),
    route({
      method: 'GET',
      path: `${base}/history`,
      action: 'image.read',
      summary: 'The pushes, newest first.',
      handle: ({ project }) => images.history(project),
    }),
    route({
      method: 'GET',
      path: `${base}/history/:reference`,
      action: 'image.read',
      summary: 'What a tag has meant, newest first.',
      handle: (call) => images.history(call.project, reference(call)),
    }),
    route({
      method: 'GET',
      path: `${base}/policy`,
      action: 'image.read',
      summary: "The project's rules for images.",
      handle: ({ project }) => imagePolicies.policy(project),
    }),
    route({
      method: 'PUT',
      path: `${base}/policy`,
      action: 'image.administer',
      summary: 'How many releases stay ready for a rollback, and whether everyone may pull.',
      body: policy,
      handle: ({ project, body }) => {
        const { keepReleases, anonymousPull } = body
        return imagePolicies.setPolicy(project, {
          ...(keepReleases === undefined ? {} : { keepReleases }),
          ...(anonymousPull === undefined ? {} : { anonymousPull }),
        })
      },
    }),
  ]
}
