// The arguments of a real docker client, with references to aliased registries turned to the embedded one: pure.

/** How each verb names images: in these flags, and as positional arguments. */
interface VerbShape {
  readonly flags: readonly string[]
  /** How many positional arguments are references, from the first one. */
  readonly positional: number
  /** Flags that take a value, so that the value is not taken for a positional argument. */
  readonly valued: readonly string[]
}

const common = ['-f', '--file', '--format', '--filter', '--platform', '-u', '--username', '-p', '--password']
const shapes: Readonly<Record<string, VerbShape>> = {
  build: { flags: ['-t', '--tag', '--cache-from'], positional: 0, valued: common },
  push: { flags: [], positional: 1, valued: common },
  pull: { flags: [], positional: 1, valued: common },
  tag: { flags: [], positional: 2, valued: common },
  login: { flags: [], positional: 1, valued: common },
  logout: { flags: [], positional: 1, valued: common },
  inspect: { flags: [], positional: 99, valued: common },
  rmi: { flags: [], positional: 99, valued: common },
  history: { flags: [], positional: 1, valued: common },
}

/** Flags of `docker` itself that take a value. */
const globalValued = ['--config', '-c', '--context', '-H', '--host', '-l', '--log-level', '--tlscacert', '--tlscert', '--tlskey']

/** Where the verb stands; `image build` and `buildx build` are `build`. */
export function findVerb(argv: readonly string[]): { readonly verb: string; readonly at: number } {
  let at = 0
  while (argv[at]?.startsWith('-')) at += globalValued.includes(argv[at] ?? '') ? 2 : 1
  const group = argv[at] === 'image' || argv[at] === 'buildx'
  const verb = argv[group ? at + 1 : at] ?? ''
  return { verb: group && verb === 'rm' ? 'rmi' : verb, at: group ? at + 1 : at }
}

/** One reference or registry name, turned when its registry is aliased. */
function rewriteReference(text: string, aliases: readonly string[], registry: string): string {
  for (const alias of aliases) {
    if (text === alias) return registry
    if (text.startsWith(`${alias}/`)) return `${registry}${text.slice(alias.length)}`
    // Docker Hub is what names without a registry mean.
    if (alias === 'docker.io' && text !== '' && !/^[^/]*[.:][^/]*\/|^localhost\//.test(text))
      return `${registry}/${text.includes('/') ? text : `library/${text}`}`
  }
  return text
}

/**
 * The arguments for the real client: image references of aliased registries in `build -t`, `push`, `pull`, `tag`, `login`, `logout`,
 * `inspect`, `rmi` and the image of `run` and `create` name `registry` instead.
 */
export function rewriteDockerArgs(argv: readonly string[], aliases: readonly string[], registry: string): string[] {
  const { verb, at } = findVerb(argv)
  const turn = (text: string) => rewriteReference(text, aliases, registry)
  if (verb === 'run' || verb === 'create') return rewriteFirst(argv, at, { aliases, turn })
  const shape = shapes[verb]
  if (shape === undefined) return [...argv]
  const result = argv.slice(0, at + 1)
  let positional = 0
  for (let index = at + 1; index < argv.length; index++) {
    const word = argv[index] ?? ''
    const equals = word.indexOf('=')
    if (shape.flags.includes(word)) result.push(word, ...argv.slice(++index, index + 1).map(turn))
    else if (word.startsWith('--') && equals > 0 && shape.flags.includes(word.slice(0, equals)))
      result.push(word.slice(0, equals + 1) + turn(word.slice(equals + 1)))
    else if (shape.flags.includes('-t') && /^-t./.test(word)) result.push(`-t${turn(word.slice(2).replace(/^=/, ''))}`)
    else if (shape.valued.includes(word)) result.push(word, ...argv.slice(++index, index + 1))
    else if (word.startsWith('-') || positional >= shape.positional) result.push(word)
    else {
      positional++
      result.push(turn(word))
    }
  }
  return result
}

/** `run` has many flags: the first argument that is an aliased reference is the image. */
function rewriteFirst(argv: readonly string[], at: number, { aliases, turn }: { aliases: readonly string[]; turn: (text: string) => string }): string[] {
  const index = argv.findIndex((word, position) => position > at && aliases.some((alias) => word.startsWith(`${alias}/`)))
  return argv.map((word, position) => (position === index ? turn(word) : word))
}
