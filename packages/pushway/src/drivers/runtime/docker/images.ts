// Gets a release's image into the engine: from the embedded registry's blobs, from what the engine has, or from the image's own registry.

import { Readable } from 'node:stream'
import type { PinnedImage } from '@pushway/core/app/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { readImage, toImageConfig } from '../../../oci/config.ts'
import { buildLabels } from '../../../oci/media-types.ts'
import { type TarEntry, writeTar } from '../../../oci/tar-write.ts'
import type { BlobStore } from '../../../ports/blobs.ts'
import type { ResolvedImage } from '../../../ports/runtime.ts'
import { findImage, loadImages, pullImage, splitReference } from '../../../util/engine-api/index.ts'
import type { DockerContext } from './context.ts'

/** A host that is nobody's: what is named so came out of the embedded registry. */
const registry = 'pushway.internal'

/**
 * The name by which the engine runs `image`, once it has it. What the embedded registry has is loaded through the API: that needs no
 * token, no trust in a registry without TLS, and works for an engine on another machine and for Podman alike.
 * @throws PushwayError `image-missing`, `image-not-runnable`, `image-pull-failed`, `disk-full`
 */
export function prepareImage(context: DockerContext, image: PinnedImage, signal: AbortSignal): Promise<string> {
  return context.locks(`image ${image.digest}`, async () => {
    const name = `${image.repository}@${image.digest}`
    if (await context.blobs.has(image.digest)) return fromBlobs(context, image, signal)
    const present = (await findImage(context.engine, image.digest, signal)) ?? (await findImage(context.engine, name, signal))
    if (present) {
      if (present.Config?.Labels?.[buildLabels.base] === 'host') throw notRunnable(name)
      return present.Id
    }
    if (image.origin !== 'resolved') throw fail('image-missing', { image: name })
    await pullImage(context.engine, name, { signal })
    return name
  })
}

/** What the engine means by a reference now; it fetches it when it has none and may. */
export async function resolveImage(
  context: DockerContext,
  { reference, pull }: { reference: string; pull: boolean },
  signal: AbortSignal,
): Promise<ResolvedImage | undefined> {
  let found = await findImage(context.engine, reference, signal)
  if (!found && pull) {
    await pullImage(context.engine, reference, { signal })
    found = await findImage(context.engine, reference, signal)
  }
  if (!found) return undefined
  const { name } = splitReference(reference)
  // A registry's digest can be fetched again; an image that was only built here has its id.
  const pinned = (found.RepoDigests ?? []).map((text) => text.split('@')).find(([repository]) => repository === name || repository?.endsWith(`/${name}`))
  return {
    repository: pinned?.[0] ?? name,
    digest: pinned?.[1] ?? found.Id,
    base: found.Config?.Labels?.[buildLabels.base] === 'host' ? 'host' : 'image',
  }
}

async function fromBlobs(context: DockerContext, image: PinnedImage, signal: AbortSignal): Promise<string> {
  const { manifest, file } = await readImage(context.blobs, image.digest)
  if (toImageConfig(manifest, file).base === 'host') throw notRunnable(`${image.repository}@${image.digest}`)
  // By the manifest's digest: the engine's own ids are of the configuration or of the manifest, as its store happens to be.
  const reference = `${registry}/${image.repository}:${image.digest.replace('sha256:', '')}`
  if (await findImage(context.engine, reference, signal)) return reference
  const archive = await imageArchive(context.blobs, { manifest, reference })
  await loadImages(context.engine, Readable.from(writeTar(archive)), { signal })
  return reference
}

function notRunnable(image: string) {
  return fail('image-not-runnable', { image, base: 'host (made by the embedded builder on this machine’s own userland)', runtime: 'docker' })
}

type Manifest = Awaited<ReturnType<typeof readImage>>['manifest']

/** An archive as `docker save` writes it: every engine since 2016 and Podman load it. Layers go in as they are, compressed or not. */
async function imageArchive(blobs: BlobStore, { manifest, reference }: { manifest: Manifest; reference: string }): Promise<readonly TarEntry[]> {
  const configFile = `${hex(manifest.config.digest)}.json`
  const layers = manifest.layers.map(({ digest }) => `${hex(digest)}.tar`)
  const index = JSON.stringify([{ Config: configFile, RepoTags: [reference], Layers: layers }])
  const blobEntry = async (path: string, digest: string): Promise<TarEntry> => {
    const found = await blobs.has(digest)
    if (!found) throw fail('image-missing', { image: reference })
    return { path, type: 'file', mode: 0o644, content: { open: () => blobs.read(digest), size: found.size } }
  }
  const unique = [...new Map(manifest.layers.map(({ digest }, at) => [digest, layers[at] as string]))]
  return [
    await blobEntry(configFile, manifest.config.digest),
    ...(await Promise.all(unique.map(([digest, path]) => blobEntry(path, digest)))),
    { path: 'manifest.json', type: 'file', mode: 0o644, content: Buffer.from(index) },
  ]
}

function hex(digest: string): string {
  return digest.replace('sha256:', '')
}
