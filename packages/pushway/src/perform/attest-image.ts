// AttestImage: signs what was pushed, lists what is in it, and says where it came from.

import type { AttestImage, ImageOrigin } from '@pushway/core/images/evidence.ts'
import type { Performer, Workshop } from '../model/workshop.ts'
import type { LeasedAction } from '../ports/store.ts'

const streamKind = 'project/'

export const attestImage: Performer = {
  async perform(action, shop) {
    const { repository, digest } = action.body as AttestImage
    const attested = await shop.world.evidence.attest(repository, digest, originOf(shop, action))
    return attested ? [{ stream: action.stream, expected: 'any', events: [{ type: 'ImageAttested', repository, digest, ...attested }] }] : []
  },
  refused(action, problem) {
    const { repository, digest } = action.body as AttestImage
    return [{ stream: action.stream, expected: 'any', events: [{ type: 'ImageNotAttested', repository, digest, problem }] }]
  },
}

function originOf(shop: Workshop, action: LeasedAction): ImageOrigin {
  const { world, states } = shop
  const { repository, digest, by, run: id, source } = action.body as AttestImage
  const project = action.stream.slice(streamKind.length)
  const pushed = states.project(project).state.images.findLast((image) => image.repository === repository && image.digest === digest)
  const run = id === undefined ? undefined : states.run(id).state
  const origin = {
    project,
    pushedBy: by,
    pushedAt: pushed?.at ?? world.clock.now(),
    build: { ...source },
    server: world.server.url,
    version: world.server.version,
  }
  if (!run?.cause || run.workflowFile === undefined) return origin
  const { event, ref, sha } = run.cause
  return {
    ...origin,
    run: { id: run.id, attempt: run.attempt, event, workflowFile: workflowName(run.workflowFile), ref, commit: sha, startedAt: run.requestedAt ?? 0 },
  }
}

/** Pushway's own builds are runs of no file: what they build stands in the image itself. */
function workflowName(file: string): string {
  return file.startsWith('pushway:build/') ? 'pushway:build' : file
}
