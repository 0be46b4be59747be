// What a project is, from its stream: its pushes and its images.

import type { ImageBuildInfo, ProjectEvent } from '../event/types.ts'
import type { CommitId, Digest, EpochMs, RunId } from '../text/ids.ts'

export interface PushedImage {
  readonly repository: string
  readonly tag?: string
  readonly digest: Digest
  readonly run?: RunId
  readonly by: string
  readonly at: EpochMs
  readonly source?: ImageBuildInfo
  /** Evidence was stored after this push, or why it could not be. Absent: it is being made. */
  readonly evidence?: { readonly problem?: string }
}

export interface ReceivedPush {
  readonly ref: string
  readonly before: CommitId | null
  readonly after: CommitId | null
  readonly by: string
  readonly at: EpochMs
  readonly message: string
  readonly runs: readonly RunId[]
  readonly problems: readonly string[]
}

export interface ProjectState {
  readonly createdAt: EpochMs
  /** Oldest first; the newest 200 of each are kept. */
  readonly pushes: readonly ReceivedPush[]
  readonly images: readonly PushedImage[]
  /** Ref → the commit that its newest push moved it to. */
  readonly refs: Readonly<Record<string, CommitId>>
}

/** A project before its first event. */
export const emptyProject: ProjectState = { createdAt: 0, pushes: [], images: [], refs: {} }

const kept = 200

/**
 * The state after one more event of the project's stream.
 * @param at when it happened, epoch ms
 */
export function evolveProject(state: ProjectState, event: ProjectEvent, at: EpochMs): ProjectState {
  switch (event.type) {
    case 'ProjectCreated':
      return { ...state, createdAt: at }
    case 'PushReceived': {
      const { type: _, source: __, ...push } = event
      const { [push.ref]: _moved, ...others } = state.refs
      const refs = push.after === null ? others : { ...others, [push.ref]: push.after }
      return { ...state, refs, pushes: [...state.pushes, { ...push, at }].slice(-kept) }
    }
    case 'ImagePushed': {
      const { type: _, ...image } = event
      return { ...state, images: [...state.images, { ...image, at }].slice(-kept) }
    }
    case 'ImageAttested':
      return { ...state, images: withEvidence(state.images, event, {}) }
    case 'ImageNotAttested':
      return { ...state, images: withEvidence(state.images, event, { problem: event.problem }) }
    case 'SecretSet':
    case 'VariableSet':
    case 'SchedulesSet':
    case 'TagReleaseChanged':
      return state
  }
}

function withEvidence(images: readonly PushedImage[], { repository, digest }: Pick<PushedImage, 'repository' | 'digest'>, evidence: PushedImage['evidence']) {
  return images.map((image) => (image.repository === repository && image.digest === digest && evidence ? { ...image, evidence } : image))
}
