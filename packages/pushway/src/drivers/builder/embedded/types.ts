// A Dockerfile as the embedded builder understands it, and what it is asked to build.

import type { Position } from '@pushway/core/text/diagnostic.ts'
import type { ImageLayout, LayoutImage } from '../layout.ts'
import type { HereDocument } from './here-document.ts'
import type { BuildView } from './view/types.ts'

/** What every instruction has: where it is, and its text on one line, for progress and cache keys. */
interface Written {
  readonly at: Position
  readonly text: string
}

/** Exec form: an argument array. Shell form: the user's own text for the stage's SHELL. Script form: a text with a `#!` line, run as a program. */
export type CommandForm =
  | { readonly form: 'exec'; readonly argv: readonly string[] }
  | { readonly form: 'shell'; readonly line: string }
  | { readonly form: 'script'; readonly line: string }

/** One `RUN --mount`; option names without aliases, values as written. */
export interface MountText {
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret'
  readonly options: Readonly<Record<string, string>>
}

export interface HealthcheckOptions {
  readonly interval?: string
  readonly timeout?: string
  readonly startPeriod?: string
  readonly startInterval?: string
  readonly retries?: string
}

/** Words are as written: variables are not expanded yet, quotes still there. */
export type Instruction = Written &
  (
    | { readonly kind: 'from'; readonly image: string; readonly name?: string; readonly platform?: string }
    | {
        readonly kind: 'copy'
        readonly keyword: 'COPY' | 'ADD'
        readonly sources: readonly string[]
        readonly to: string
        readonly from?: string
        readonly chown?: string
        readonly chmod?: string
        /** Files that stand in the Dockerfile itself: then `sources` are their names. */
        readonly documents?: readonly HereDocument[]
        /** Keeps the folders of sources (COPY --parents). */
        readonly parents?: boolean
        readonly exclude?: readonly string[]
        /** What an ADD of a URL must give. */
        readonly checksum?: string
        /** Whether archives are unpacked; absent: local ones are, as in Docker. */
        readonly unpack?: boolean
      }
    | { readonly kind: 'run'; readonly command: CommandForm; readonly mounts: readonly MountText[]; readonly network: 'default' | 'none' }
    | { readonly kind: 'onbuild'; readonly trigger: string }
    | { readonly kind: 'cmd' | 'entrypoint'; readonly command: CommandForm }
    | { readonly kind: 'arg'; readonly pairs: readonly { readonly name: string; readonly value?: string }[] }
    | { readonly kind: 'env' | 'label'; readonly pairs: readonly { readonly name: string; readonly value: string }[] }
    | { readonly kind: 'workdir' | 'user' | 'stopsignal'; readonly word: string }
    | { readonly kind: 'expose' | 'volume'; readonly words: readonly string[] }
    | { readonly kind: 'shell'; readonly argv: readonly string[] }
    | { readonly kind: 'healthcheck'; readonly command?: CommandForm; readonly options: HealthcheckOptions }
    | { readonly kind: 'nothing' }
  )

export type FromInstruction = Extract<Instruction, { kind: 'from' }>
export type CopyInstruction = Extract<Instruction, { kind: 'copy' }>

export interface StageText {
  readonly from: FromInstruction
  readonly instructions: readonly Instruction[]
}

export interface DockerfileText {
  /** ARGs before the first FROM: for FROM lines, and defaults of stages that declare them again. */
  readonly globals: readonly Instruction[]
  readonly stages: readonly StageText[]
  /** Backslash, or what `# escape=` says. */
  readonly escapeChar: string
}

/** Gives a folder with `node` and `npm` of a version. */
export type ProvideNode = (
  version: string,
  options: { cacheDir: string; log?: (line: string) => void; signal?: AbortSignal },
) => Promise<{ binDir: string; node: string; version: string }>

export interface BuildOptions {
  /** The context folder. */
  readonly context: string
  /** Path of the Dockerfile; `context/Dockerfile` when absent. */
  readonly dockerfile?: string
  /** How the image names context and Dockerfile (relative to the repository); for releases to find it. */
  readonly origin?: { readonly context: string; readonly dockerfile: string }
  readonly target?: string
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  /** Full references that will mean the image. */
  readonly tags?: readonly string[]
  readonly store: ImageLayout
  /** Where RUN layers and package downloads are kept between builds. */
  readonly cacheDir: string
  readonly toolchainCache: string
  readonly noCache?: boolean
  readonly log: (line: string) => void
  /** The environment that PATH, proxies and package registry settings of RUN come from. */
  readonly env: NodeJS.ProcessEnv
  readonly signal?: AbortSignal
  readonly provideNode?: ProvideNode
  /** No RUN has a network. */
  readonly noNetwork?: boolean
  /** Brings an image of a registry that is not ours into the store; a sentence when it can't be had. */
  readonly fetchOutside?: (reference: string) => Promise<LayoutImage | string>
  /** What `RUN --mount=type=secret` may ask for, by id: the content, read when it is needed. */
  readonly secrets?: Readonly<Record<string, () => Uint8Array>>
  /** Seconds since the epoch that everything is dated with (SOURCE_DATE_EPOCH); 0 when absent. */
  readonly sourceDateEpoch?: number
  /** What a RUN sees; found out by trying when absent. */
  readonly view?: BuildView
  /** Fetches what an ADD names. */
  readonly fetchUrl?: (url: string, to: string) => Promise<FetchedFile>
  /** Brings an image that FROM names into the store, when it can. */
  readonly fetchImage?: (reference: string) => Promise<LayoutImage | undefined>
}

/** What a URL gave. */
export interface FetchedFile {
  readonly sha256: string
  /** From `Content-Disposition`, when it says one. */
  readonly name?: string
}

export interface BuildResult {
  readonly digest: string
  /** Of the configuration: what Docker calls the image's id. */
  readonly config: string
  readonly size: number
}
