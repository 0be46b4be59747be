// What the command line is given by main: the program's version and the parts that only main may put together.

import type { Accounts, Issued } from './accounts.ts'
import type { Commands, Queries } from './service.ts'
import type { ProgramLog } from './world.ts'

export interface ServeOptions {
  readonly data: string
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly log: ProgramLog
  /** Registry host names that mean the embedded registry. */
  readonly registryAliases: readonly string[]
  /** `s3://BUCKET/PREFIX`: where images are kept; absent: in the data folder. */
  readonly blobs?: string
  /** The largest layer that is taken, bytes. */
  readonly blobLimit?: number
}

/** A control plane that is up in this process. */
export interface RunningServer {
  readonly url: string
  /** At the first start only: how the first administrator signs in. */
  readonly firstSignIn?: Issued
  readonly isolation: { readonly kind: 'uid' | 'namespaces' | 'none'; readonly why: string }
  readonly accounts: Accounts
  readonly commands: Commands
  readonly queries: Queries
  /** Stops the control plane; the proxy, the agent, instances and jobs go on. */
  stop(): Promise<void>
}

/** What only main may put together. Each call is made at most once per process. */
export interface Composition {
  readonly version: string
  /** Starts the server of a data folder in this process. */
  serve(options: ServeOptions): Promise<RunningServer>
  /** Stops the proxy, the agent and its instances of a data folder; gives what was stopped, in words. */
  stopAll(data: string): Promise<readonly string[]>
  /** A program log that writes JSON lines to a file. */
  fileLog(file: string): ProgramLog
  /** Whether a Docker-compatible engine answers on this machine. */
  engineAnswers(): Promise<boolean>
}

/** A command as data: what it is called, takes and is for. */
export interface CommandNode {
  readonly name: string
  /** One line for lists. */
  readonly summary: string
  readonly description: string
  readonly arguments: readonly { readonly name: string; readonly required: boolean; readonly description: string; readonly choices?: readonly string[] }[]
  readonly options: readonly CommandOption[]
  readonly commands: readonly CommandNode[]
}

export interface CommandOption {
  /** As it is written: `-o, --output <format>`. */
  readonly flags: string
  /** `-o` and `--output`. */
  readonly names: readonly string[]
  readonly takesValue: boolean
  /** Refused without it. */
  readonly required: boolean
  readonly description: string
  readonly choices?: readonly string[]
  readonly defaultValue?: string
}

/** What each command's file gets. */
export interface CommandContext extends Composition {
  /** The program's exit code when the command is done; 0 unless set. */
  exit(code: number): void
  /** Every command of the program. */
  commandTree(): Promise<CommandNode>
}
