// The media types of the OCI image specification, and Docker's older names for the same things.

export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const

/** Whether a manifest of this type names one image (config and layers). */
export function isImageManifest(mediaType: string): boolean {
  return mediaType === mediaTypes.manifest || mediaType === mediaTypes.dockerManifest
}

/** Whether a manifest of this type lists other manifests. */
export function isImageIndex(mediaType: string): boolean {
  return mediaType === mediaTypes.index || mediaType === mediaTypes.dockerList
}

/** How a layer is packed, from the end of its media type; undefined when we can't read it. */
export function layerPacking(mediaType: string): 'tar' | 'gzip' | undefined {
  if (/(\.tar\.gzip|\+gzip|\.tar\.gz)$/.test(mediaType)) return 'gzip'
  return /\.tar$/.test(mediaType) ? 'tar' : undefined
}

/** The annotations and labels by which an image says what it was made from. */
export const buildLabels = {
  context: 'dev.pushway.build.context',
  dockerfile: 'dev.pushway.build.dockerfile',
  target: 'dev.pushway.build.target',
  base: 'dev.pushway.base',
  node: 'dev.pushway.node',
} as const
