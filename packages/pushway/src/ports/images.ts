// The Images port: looking at what the registry has, deleting what nobody needs, and the rules of each project.

import type { GarbageReport, ImageDetails, ImageEntry, ImagePolicy, ImagePushEntry, ImageUse, ScrubReport } from '@pushway/core/images/types.ts'
import type { Digest, ProjectName } from '@pushway/core/text/ids.ts'

/** What the installation's environments need now. */
export interface ImageUses {
  current(): readonly ImageUse[]
  /** Changes when `current` may have. */
  version(): number
}

/** `reference` is a tag, a digest or its beginning, `repository:tag` or `repository@digest`. Throws PushwayError `image-missing`. */
export interface Images {
  list(project: ProjectName): Promise<readonly ImageEntry[]>
  inspect(project: ProjectName, reference: string): Promise<ImageDetails>
  /** Its signed bill of materials, SPDX JSON. @throws PushwayError `image-without-bill` */
  sbom(project: ProjectName, reference: string): Promise<Uint8Array>
  /** What each tag meant, newest first; all of the project without a reference. */
  history(project: ProjectName, reference?: string): Promise<readonly ImagePushEntry[]>
  /** Deletes a tag, or a manifest with its tags. @throws PushwayError `image-in-use` naming where */
  remove(project: ProjectName, reference: string): Promise<{ readonly repository: string; readonly digest: Digest; readonly tags: readonly string[] }>
  /** One pass of garbage collection; a second caller waits for the one that goes on. Killed at any moment it has damaged nothing. */
  collect(options: { readonly dryRun: boolean }): Promise<GarbageReport>
  /** Reads everything that is stored; with `repair`, damaged bytes are taken away so that a push stores them again. */
  scrub(options: { readonly repair: boolean }): Promise<ScrubReport>
}

/** The rules of projects, kept durably. */
export interface ImagePolicies {
  policy(project: ProjectName): ImagePolicy
  setPolicy(project: ProjectName, change: Partial<ImagePolicy>): ImagePolicy
}
