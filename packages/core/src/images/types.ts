// Images as a graph: blobs → manifests → releases → environments. What hangs on an environment is never removed.

import type { Digest, EnvironmentName, EpochMs, Milliseconds, ProjectName, ReleaseId, RunId } from '../text/ids.ts'
import type { ImageEvidence } from './evidence.ts'

/** What a manifest's bytes point to. It never changes: the bytes are named by their digest. */
export interface ManifestParts {
  /** Manifests that an index lists. */
  readonly manifests: readonly Digest[]
  /** Configuration and layers, with their sizes in bytes as the manifest says them. */
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[]
}

/** A manifest that a repository has. */
export interface ManifestNode {
  readonly repository: string
  readonly digest: Digest
  /** What this manifest says something about: it is kept as long as its subject is. */
  readonly subject?: Digest
  /** When it was last pushed, tagged or counted on by a push. */
  readonly seenAt: EpochMs
  /** Absent: its bytes are not there or can't be read. */
  readonly parts?: ManifestParts
}

export interface TagNode {
  readonly repository: string
  readonly tag: string
  readonly digest: Digest
}

/** Bytes that are stored. */
export interface BlobNode {
  readonly digest: Digest
  readonly size: number
  /** When they were stored last. */
  readonly at: EpochMs
}

/** That a repository may read a blob. */
export interface BlobLink {
  readonly repository: string
  readonly digest: Digest
  /** When a client last pushed, mounted or asked for it there. */
  readonly seenAt: EpochMs
}

/**
 * Why a digest is wanted: it runs, a rollout takes it somewhere, an environment may go back to it, or a run that goes on has pushed it.
 */
export type UseReason = 'live' | 'deploying' | 'rollback' | 'run'

/** One thing that needs a digest. */
export interface ImageUse {
  readonly repository: string
  readonly digest: Digest
  readonly why: UseReason
  readonly project: ProjectName
  readonly environment?: EnvironmentName
  readonly service?: string
  readonly release?: ReleaseId
  /** What people call the release. */
  readonly number?: number
  readonly run?: RunId
}

/** All there is at one moment. */
export interface ImageGraph {
  readonly manifests: readonly ManifestNode[]
  readonly tags: readonly TagNode[]
  readonly blobs: readonly BlobNode[]
  readonly links: readonly BlobLink[]
  readonly uses: readonly ImageUse[]
  /** What is younger may belong to a push that goes on: it is kept. */
  readonly graceMs: Milliseconds
}

/** Why a manifest stays. */
export type KeepReason = UseReason | 'tag' | 'new' | 'part' | 'referrer'

export interface KeptManifest {
  readonly repository: string
  readonly digest: Digest
  readonly why: KeepReason
}

/** What garbage collection decides. Nothing in `remove` is reachable from anything in `keep`. */
export interface Collection {
  readonly keep: { readonly manifests: readonly KeptManifest[]; readonly blobs: ReadonlySet<Digest> }
  readonly remove: {
    readonly manifests: readonly { readonly repository: string; readonly digest: Digest }[]
    /** That a repository may read blobs of which nothing in it speaks any more. */
    readonly links: readonly { readonly repository: string; readonly digest: Digest }[]
    readonly blobs: readonly BlobNode[]
  }
  /** Kept manifests that can't be read: as long as there is one, no blob is removed, for it may be one of theirs. */
  readonly unreadable: readonly KeptManifest[]
}

/** An image or other manifest of a project as lists show it. Sizes in bytes. */
export interface ImageEntry {
  readonly repository: string
  readonly digest: Digest
  readonly tags: readonly string[]
  readonly mediaType: string
  readonly seenAt: EpochMs
  /** Everything it is made of, each part once. */
  readonly size: number
  /** What would be freed if it were gone: parts that nothing else has. */
  readonly own: number
  readonly subject?: Digest
  readonly uses: readonly ImageUse[]
  /** Whether evidence was stored after its newest push, or why not; absent: it is being made, or the push is no longer known. */
  readonly evidenceState?: 'made' | 'failed'
}

/** What people want to know of an image's configuration. */
export interface ImageConfigView {
  readonly platform: string
  /** `host`: made on the machine's own userland. */
  readonly base: 'host' | 'image'
  readonly command: readonly string[]
  readonly workingDir: string
  readonly user?: string
  readonly ports: readonly number[]
  /** The instructions that made its layers, oldest first. */
  readonly history: readonly string[]
}

export interface ImageDetails extends ImageEntry {
  /** What is proven of it; absent: it is no image. */
  readonly evidence?: ImageEvidence
  /** Its pushes, newest first. */
  readonly pushes: readonly ImagePushEntry[]
  /** What its configuration says: how it was made, step by step, and how it runs. */
  readonly config?: ImageConfigView
  readonly parts: readonly { readonly digest: Digest; readonly size: number; readonly kind: 'manifest' | 'blob'; readonly stored: boolean }[]
  /** What speaks of it: signatures, bills of materials. */
  readonly referrers: readonly { readonly digest: Digest; readonly artifactType?: string }[]
  /** Of an image of another registry: where it came from, and when its tag was last asked for there. */
  readonly mirror?: { readonly host: string; readonly url: string; readonly checkedAt?: EpochMs }
}

/** A registry whose images are pulled through the embedded one. */
export interface MirrorView {
  readonly host: string
  readonly url: string
  readonly username?: string
  readonly privateNetwork: boolean
}

/** One push of a tag. */
export interface ImagePushEntry {
  readonly repository: string
  readonly tag?: string
  readonly digest: Digest
  readonly at: EpochMs
  readonly run?: RunId
  readonly runNumber?: number
  readonly by: string
  /** Whether the registry still has it. */
  readonly stored: boolean
  readonly uses: readonly ImageUse[]
}

/** What one pass of garbage collection did, or would do. */
export interface GarbageReport {
  readonly dryRun: boolean
  readonly manifests: readonly { readonly repository: string; readonly digest: Digest }[]
  readonly blobs: number
  readonly bytes: number
  /** Unfinished uploads that were given up. */
  readonly uploads: number
  /** Unpacked images that nothing runs from. */
  readonly trees: number
  readonly kept: number
  /** Kept manifests that can't be read: no blob was removed because of them. */
  readonly unreadable: readonly KeptManifest[]
}

/** What a project says about its images. */
export interface ImagePolicy {
  /** How many releases of each environment stay ready to be gone back to, 1 to 1000. */
  readonly keepReleases: number
  /** Whether everyone may pull without a credential. */
  readonly anonymousPull: boolean
}

/** Stored bytes that are not what their name says, or that are not there, and who needs them. */
export interface DamagedBlob {
  readonly digest: Digest
  /** `repository@digest` of the images that are made of it. */
  readonly images: readonly string[]
  /** Where these are used, in words. */
  readonly uses: readonly string[]
}

/** What reading everything has found. */
export interface ScrubReport {
  readonly checked: number
  readonly bytes: number
  /** How many damaged blobs were taken away. */
  readonly repaired: number
  /** `got`: the digest of what is stored under that name. */
  readonly damaged: readonly (DamagedBlob & { readonly size: number; readonly got: Digest })[]
  readonly missing: readonly DamagedBlob[]
}
