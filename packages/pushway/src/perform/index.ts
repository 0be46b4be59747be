// Every kind of action and who performs it.

import type { AttestImage } from '@pushway/core/images/evidence.ts'
import type { RolloutAction } from '@pushway/core/rollout/types.ts'
import type { RunAction } from '@pushway/core/run/types.ts'
import type { Performer } from '../model/workshop.ts'
import { performAnnounce } from './announce.ts'
import { attestImage } from './attest-image.ts'
import { cancelJob } from './cancel-job.ts'
import { closeDeployment, continueDeployment, openDeployment } from './deployments.ts'
import { performFollowPush } from './follow-push.ts'
import { ensureGroup, retireGroup, scaleGroup } from './groups.ts'
import { setWeights } from './set-weights.ts'
import { startJob } from './start-job.ts'
import { startVerify } from './start-verify.ts'

export const performers: Readonly<Record<RunAction['kind'] | RolloutAction['kind'] | AttestImage['kind'] | 'Announce' | 'FollowPush', Performer>> = {
  AttestImage: attestImage,
  StartJob: startJob,
  CancelJob: cancelJob,
  OpenDeployment: openDeployment,
  ContinueDeployment: continueDeployment,
  CloseDeployment: closeDeployment,
  EnsureGroup: ensureGroup,
  ScaleGroup: scaleGroup,
  SetWeights: setWeights,
  StartVerify: startVerify,
  RetireGroup: retireGroup,
  Announce: performAnnounce,
  FollowPush: performFollowPush,
}
