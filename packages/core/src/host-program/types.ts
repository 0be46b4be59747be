// Host programs: the real postgres, redis, … of this machine in place of their images. A recipe is one small declarative file.

/** A word of a command or a line of a file, with `{…}` for what is known later; see `fillWord`. */
export type Template = string

/** Something that is only there when its condition holds. */
export interface Conditional {
  /** `env NAME`, `mount /path`, or `arguments` (the service has a command of its own); with `no` before it the other way round. */
  readonly when?: string
}

/** One command before the program's first start (or after its end). */
export interface RecipeStep extends Conditional {
  readonly run: readonly Template[]
  /** What it reads. */
  readonly input?: Template
  /** It is not run where this file is there already. */
  readonly unless?: Template
  /** Once for each file in this folder of the image that is mounted; `{each}` is the file. Only files with this ending. */
  readonly each?: { readonly folder: string; readonly ending: string }
  /** Also run when a step before it failed: it ends what that one began. */
  readonly always?: boolean
}

/** A file that the program is given. */
export interface RecipeFile extends Conditional {
  readonly path: Template
  readonly text: Template
  readonly mode: number
  /** A mounted path of the image whose text it is, instead of `text`; other mounted paths in it are the machine's. */
  readonly from?: string
  /** Patterns in the text of `from` and what stands there instead. */
  readonly replace?: Readonly<Record<string, Template>>
}

export interface RecipeVariable {
  readonly default?: Template
  /** Why nothing works without it; it may be missing where `unless` holds. */
  readonly required?: string
  readonly unless?: string
}

/** Words that stand in the command together. */
export interface RecipeWords extends Conditional {
  readonly words: readonly Template[]
}

export interface Recipe {
  /** What the program is called: `postgres`. */
  readonly name: string
  /** Repositories of images that it stands in for, without registry: `postgres`, `prom/prometheus`. */
  readonly images: readonly string[]
  /** What is looked for on PATH and in `folders` (`*` is any one name; the highest version is taken). */
  readonly program: string
  readonly folders: readonly string[]
  /** What to install where it is missing, as a sentence's end: `the Debian package postgresql`. */
  readonly install: string
  /** How it says its version: arguments, and a pattern whose group is the version. */
  readonly version?: { readonly arguments: readonly string[]; readonly pattern: string }
  /** Ports that the image listens on. */
  readonly ports: readonly { readonly port: number; readonly protocol: 'http' | 'tcp' }[]
  /** It binds the service's own address on its own ports, so that nothing stands between it and its clients; else the router does. */
  readonly direct: boolean
  /** The image's folder of data: a volume there is kept, and belongs to one major version. */
  readonly data?: { readonly folder: string; readonly majorParts?: number; readonly versionFile?: string }
  /** Other paths of the image where something may be mounted, each a file or a folder. */
  readonly mounts: readonly string[]
  readonly environment: Readonly<Record<string, RecipeVariable>>
  /** Ports that it needs for itself: free ones of this machine stand for them in `{port:N}`. */
  readonly privatePorts: readonly number[]
  /** Client programs that health checks call, and what is added behind their name so that they find this instance. */
  readonly clients: Readonly<Record<string, readonly Template[]>>
  /** Variables with one of these beginnings that are not known are refused: the image would honour them. */
  readonly prefixes: readonly string[]
  readonly files: readonly RecipeFile[]
  readonly prepare: readonly RecipeStep[]
  readonly command: readonly RecipeWords[]
  /** Set in the program's own environment. */
  readonly set: Readonly<Record<string, Template>>
  /** A command that succeeds when it is ready; else the first port accepts connections. */
  readonly ready?: readonly Template[]
  readonly stopSignal: string
  /** Run when it has ended. */
  readonly after: readonly RecipeStep[]
}

/** What is known when a service is laid out over a recipe. */
export interface HostProgramInput {
  readonly service: string
  readonly env: Readonly<Record<string, string>>
  /** The service's own command; it is added to the recipe's, as the image's entrypoint does. */
  readonly arguments: readonly string[]
  /** Path of the image → path on this machine. */
  readonly mounts: Readonly<Record<string, string>>
  /** Files of mounted folders, as the recipe's steps ask for them: folder of the image → names. */
  readonly files: Readonly<Record<string, readonly string[]>>
  /** A program's path on this machine by its name; undefined when it is missing. */
  readonly programs: Readonly<Record<string, string>>
}

/**
 * A service as a host program. Words may still hold `{run}` (the instance's own folder), `{address}` and `{port:N}`: the supervisor
 * fills them in when the instance has its place.
 */
export interface HostProgram {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly files: readonly HostFile[]
  readonly prepare: readonly HostStep[]
  readonly after: readonly HostStep[]
  readonly ready?: readonly string[]
  readonly stopSignal: string
  /** Ports of the image, the first one first. */
  readonly ports: readonly number[]
  readonly privatePorts: readonly number[]
  readonly direct: boolean
  readonly clients: Readonly<Record<string, readonly string[]>>
}

/** A file to write. `from`: the file of this machine whose text it is, with these replacements. */
export interface HostFile {
  readonly path: string
  readonly text: string
  readonly mode: number
  readonly from?: string
  readonly replace?: readonly (readonly [pattern: string, by: string])[]
}

export interface HostStep {
  readonly argv: readonly string[]
  readonly input?: string
  readonly unless?: string
  readonly always?: boolean
}
