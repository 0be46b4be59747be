// A folder of images in the OCI image layout: `docker images` of a machine without an engine. Other tools can read it (skopeo: `oci:DIR:TAG`).

import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@pushway/core/text/ids.ts'
import { z } from 'zod'
import { mediaTypes } from '../../oci/media-types.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import { writeFileAtomic } from '../../util/files.ts'
import { openFileBlobs } from '../blobs/files.ts'

const refName = 'org.opencontainers.image.ref.name'

const indexFile = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(z.object({ mediaType: z.string(), digest: z.string(), size: z.number(), annotations: z.record(z.string(), z.string()).optional() })),
})

/** A manifest in the layout and one name of it. */
export interface LayoutImage {
  /** The full reference: `ghcr.io/acme/hello:main`; absent for an image without a name. */
  readonly name?: string
  readonly digest: Digest
  readonly size: number
  readonly mediaType: string
}

export interface ImageLayout {
  readonly dir: string
  readonly blobs: BlobStore
  list(): readonly LayoutImage[]
  find(name: string): LayoutImage | undefined
  /** Lets the name mean the manifest; what it meant before stays, without that name. */
  tag(name: string | undefined, manifest: { readonly digest: Digest; readonly size: number; readonly mediaType?: string }): void
}

/** Opens (and makes) an image layout. */
export function openImageLayout(dir: string): ImageLayout {
  const file = join(dir, 'index.json')
  mkdirSync(dir, { recursive: true })
  if (!existsSync(join(dir, 'oci-layout'))) writeFileAtomic(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}', 0o644)
  if (!existsSync(file)) writeList(file, [])
  const list = () => readList(file)
  return {
    dir,
    blobs: openFileBlobs(join(dir, 'blobs'), { uploads: join(dir, 'uploads') }),
    list,
    find: (name) => list().find((image) => image.name === name),
    tag(name, manifest) {
      const entry = { digest: manifest.digest, size: manifest.size, mediaType: manifest.mediaType ?? mediaTypes.manifest }
      const named = name === undefined ? [] : [{ ...entry, name }]
      const others = list().map((image) => (image.name !== undefined && image.name === name ? withoutName(image) : image))
      const all: readonly LayoutImage[] = [...others, ...(named.length > 0 ? named : [entry])]
      // A manifest without a name is listed only while it has no other entry.
      const kept = all.filter(
        (image, at) => image.name !== undefined || !all.some((other, i) => other.digest === image.digest && (other.name !== undefined || i < at)),
      )
      writeList(file, kept)
    },
  }
}

function withoutName({ digest, size, mediaType }: LayoutImage): LayoutImage {
  return { digest, size, mediaType }
}

function readList(file: string): readonly LayoutImage[] {
  return indexFile.parse(JSON.parse(readFileSync(file, 'utf8'))).manifests.map(({ digest, size, mediaType, annotations }) => {
    const name = annotations?.[refName]
    return { digest, size, mediaType, ...(name === undefined ? {} : { name }) }
  })
}

function writeList(file: string, images: readonly LayoutImage[]): void {
  const manifests = images.map(({ digest, size, mediaType, name }) => ({
    mediaType,
    digest,
    size,
    ...(name === undefined ? {} : { annotations: { [refName]: name } }),
  }))
  writeFileAtomic(file, JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }), 0o644)
}
