// Reading a docker verb's arguments: what is honoured, what is ignored on purpose, and every other flag refused by name.

import { parseArgs } from 'node:util'
import { fail } from '@pushway/core/reason/errors.ts'

export interface FlagSpec {
  /** Flags with a value; they may be repeated. `t: tag` gives `--tag` the short form `-t`. */
  readonly values?: Readonly<Record<string, string | undefined>>
  readonly switches?: Readonly<Record<string, string | undefined>>
  /** How many positional arguments there must be. */
  readonly positional: readonly [least: number, most: number]
  readonly usage: string
}

export interface Flags {
  readonly values: Readonly<Record<string, readonly string[]>>
  readonly switches: ReadonlySet<string>
  readonly positional: readonly string[]
}

/** Reads `args` of `docker VERB`. @throws PushwayError `usage` naming the first flag that is not known */
export function readFlags(verb: string, args: readonly string[], spec: FlagSpec): Flags {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string; multiple: true }> = {}
  for (const [kind, named] of [
    ['string', spec.values],
    ['boolean', spec.switches],
  ] as const) {
    for (const [name, short] of Object.entries(named ?? {})) options[name] = { type: kind, multiple: true, ...(short ? { short } : {}) }
  }
  const plain = args.flatMap((word) => {
    const [, name = '', value] = /^--([a-z-]+)=(true|false)$/.exec(word) ?? []
    // As docker's own switches: `--pull=false`.
    return options[name]?.type === 'boolean' ? (value === 'true' ? [`--${name}`] : []) : [word]
  })
  const parsed = parseStrict(verb, plain, { options, usage: spec.usage })
  const [least, most] = spec.positional
  if (parsed.positionals.length < least || parsed.positionals.length > most) {
    throw fail('usage', {
      problem: `docker ${verb} takes ${least === most ? least : `${least} to ${most}`} argument${most === 1 ? '' : 's'}, not ${parsed.positionals.length}.`,
      hint: `Usage: ${spec.usage}`,
    })
  }
  const values: Record<string, string[]> = {}
  const switches = new Set<string>()
  for (const [name, list] of Object.entries(parsed.values)) {
    if (!Array.isArray(list)) continue
    if (options[name]?.type === 'boolean') switches.add(name)
    else values[name] = list.map(String)
  }
  return { values, switches, positional: parsed.positionals }
}

function parseStrict(
  verb: string,
  args: readonly string[],
  { options, usage }: { options: NonNullable<Parameters<typeof parseArgs>[0]>['options']; usage: string },
) {
  try {
    return parseArgs({ args: [...args], options: options ?? {}, strict: true, allowPositionals: true })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const flag = /'(-[^' ]*)/.exec(text)?.[1]
    const unknown = text.startsWith('Unknown option')
    throw fail('usage', {
      problem: unknown && flag ? `docker ${verb} ${flag} is not supported without a Docker Engine.` : `docker ${verb}: ${text.split('. ')[0]}.`,
      hint: `Usage: ${usage}`,
    })
  }
}

/** The value of a flag that counts once: the last one. */
export function lastValue(flags: Flags, name: string): string | undefined {
  return flags.values[name]?.at(-1)
}
