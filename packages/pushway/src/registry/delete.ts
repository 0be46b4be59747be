// Deleting from a repository: what an environment needs stays. Bytes go with garbage collection, when no repository needs them.

import { isDigest } from '../oci/digest.ts'
import { RegistryProblem } from './answer.ts'
import { isTag } from './route.ts'
import type { Exchange } from './types.ts'

/** DELETE of a tag, or of a manifest by digest with every tag that means it. */
export function deleteManifest(exchange: Exchange, name: string, reference: string): void {
  const { index, refuseInUse } = exchange
  if (!isDigest(reference) && !isTag(reference)) throw new RegistryProblem(400, 'TAG_INVALID', `"${reference}" is neither a digest nor a tag`)
  const digest = isDigest(reference) ? reference : index.tag(name, reference)
  if (digest === undefined || !index.manifest(name, digest)) throw new RegistryProblem(404, 'MANIFEST_UNKNOWN', `${name} has no manifest ${reference}`)
  refuseInUse?.(name, digest)
  if (isDigest(reference)) index.removeManifest(name, digest)
  else index.removeTag(name, reference)
  accept(exchange)
}

/** DELETE of a blob: the repository can't read it any more. One that a manifest of the repository needs stays. */
export function deleteBlob(exchange: Exchange, name: string, digest: string): void {
  const { index } = exchange
  if (!isDigest(digest)) throw new RegistryProblem(400, 'DIGEST_INVALID', `"${digest}" is not a sha256 or sha512 digest`)
  if (!index.hasBlob(name, digest)) throw new RegistryProblem(404, 'BLOB_UNKNOWN', `${name} has no blob ${digest}`)
  const holder = index.manifests(name).find((manifest) => index.parts(manifest.digest)?.blobs.some((blob) => blob.digest === digest))
  if (holder) throw new RegistryProblem(409, 'DENIED', `${digest} is a part of ${name}@${holder.digest}: delete that first`)
  index.removeBlob(name, digest)
  accept(exchange)
}

function accept({ res }: Exchange): void {
  res.writeHead(202, { 'content-length': 0 })
  res.end()
}
