// FROM, done: what a stage begins with.

import { fail, refuse } from '@pushway/core/reason/errors.ts'
import type { Position } from '@pushway/core/text/diagnostic.ts'
import { readImage } from '../../../oci/config.ts'
import type { DraftLayer } from '../../../oci/image.ts'
import { buildLabels, isImageManifest, layerPacking, mediaTypes } from '../../../oci/media-types.ts'
import type { Descriptor } from '../../../oci/schema.ts'
import type { Building } from './building.ts'
import { applyFacts } from './facts.ts'
import type { PlannedStage } from './plan.ts'
import { adoptConfig, continueStage, newStage, type Stage } from './stage.ts'

/** The stage before its first instruction. */
export async function startStage(building: Building, { base, name, text }: PlannedStage): Promise<Stage> {
  const { plan, stages } = building
  if (base.kind === 'stage') {
    const from = stages.get(base.index)
    if (from) return continueStage(name, from)
  }
  const stage = newStage(name, plan.text.escapeChar)
  if (base.kind === 'host' && base.base.node !== undefined) stage.node = base.base.node
  if (base.kind === 'image') await adoptImage(stage, building, { digest: base.image.digest, at: text.from })
  return stage
}

/** Takes over an image that is in the store: its layers, its configuration, where its folders and links are. */
export async function adoptImage(
  stage: Stage,
  { options, cache }: Pick<Building, 'options' | 'cache'>,
  image: { readonly digest: string; readonly at: { readonly at: Position; readonly text: string } },
): Promise<void> {
  const { manifest, file } = await readImage(options.store.blobs, image.digest)
  const diffIds = file.rootfs?.diff_ids ?? []
  if (!isImageManifest(manifest.mediaType ?? mediaTypes.manifest) || diffIds.length !== manifest.layers.length) {
    throw fail('image-invalid', { image: image.digest, problem: 'its configuration does not fit its layers' })
  }
  const foreign = manifest.layers.find((layer) => layerPacking(layer.mediaType) === undefined)
  if (foreign) {
    const message = `${image.at.text}: its layers are ${foreign.mediaType}, which can't be unpacked here; push it with gzip layers`
    throw refuse('dockerfile-invalid', image.at.at.file, [{ severity: 'error', code: 'dockerfile-base', message, at: image.at.at }])
  }
  stage.host = manifest.annotations?.[buildLabels.base] === 'host'
  for (const [index, layer] of manifest.layers.entries()) {
    const draft = draftLayer(layer, diffIds[index] ?? layer.digest)
    stage.layers.push(draft)
    const facts = await cache.facts(draft)
    applyFacts(stage, facts)
    stage.users ||= facts.users
  }
  for (const line of file.history ?? []) stage.history.push({ instruction: line.created_by ?? '', emptyLayer: line.empty_layer ?? false })
  adoptConfig(stage, file.config ?? {})
  const node = manifest.annotations?.[buildLabels.node]
  if (node !== undefined && stage.host) stage.node = node
}

/** Docker's media types say the same as OCI's. */
function draftLayer({ digest, size, mediaType }: Descriptor, diffId: string): DraftLayer {
  return { digest, size, diffId, mediaType: layerPacking(mediaType) === 'gzip' ? mediaTypes.layerGzip : mediaTypes.layer }
}
