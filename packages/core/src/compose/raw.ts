// A service as one file says it: every key may be absent. Files are merged in this form, then made whole.

import type { Port, Probe } from '../app/types.ts'
import type { Located } from '../text/diagnostic.ts'
import type { Milliseconds } from '../text/ids.ts'
import type { YamlNode, YamlReader } from '../text/yaml.ts'
import { interpolate } from './interpolate.ts'

export interface RawService {
  readonly name: string
  readonly at: Located<null>['at']
  readonly image?: string
  readonly build?: RawBuild
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly Located<Port>[]
  readonly expose?: readonly Port[]
  readonly healthcheck?: RawHealthcheck
  readonly dependsOn?: Readonly<Record<string, Located<'started' | 'healthy' | 'completed'>>>
  readonly replicas?: number
  readonly stopGraceMs?: Milliseconds
}

export interface RawBuild {
  readonly context?: string
  readonly dockerfile?: string
  readonly target?: string
}

export interface RawHealthcheck {
  readonly check?: Probe['check'] | 'none'
  readonly disable?: boolean
  readonly intervalMs?: Milliseconds
  readonly timeoutMs?: Milliseconds
  readonly retries?: number
  readonly startPeriodMs?: Milliseconds
}

/** One file being read, with the variables of its interpolation. */
export interface ComposeSource {
  readonly reader: YamlReader
  readonly env: Readonly<Record<string, string>>
}

/** A finding about a value. */
export function badValue({ reader }: ComposeSource, node: YamlNode, message: string): undefined {
  reader.report(node, 'compose-value', message)
}

/** A key or form that compose has and we do not yet. */
export function notYet({ reader }: ComposeSource, node: YamlNode, what: string): undefined {
  reader.report(node, 'compose-not-yet', `${what} is not supported yet: see docs/compatibility/compose.md.`)
}

/** A plain value as text, variables replaced. Undefined for another kind of node (with a finding) and for nothing. */
export function readText(source: ComposeSource, node: YamlNode, what: string): string | undefined {
  const value = source.reader.scalar(node, what)
  if (value === undefined) return undefined
  if (value === null) return badValue(source, node, `${what} is empty.`)
  return typeof value === 'string' ? interpolated(source, node, value) : String(value)
}

/** The text with its variables replaced; what is wrong becomes findings at the node. */
export function interpolated({ reader, env }: ComposeSource, node: YamlNode, text: string): string {
  const { value, problems } = interpolate(text, env)
  for (const { kind, message } of problems) {
    if (kind === 'unset') reader.warn(node, 'compose-variable-unset', message)
    else reader.report(node, `compose-variable-${kind}`, message)
  }
  return value
}

/** A whole number, also written as text. */
export function readNumber(source: ComposeSource, node: YamlNode, what: string): number | undefined {
  const text = readText(source, node, what)
  if (text === undefined) return undefined
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : badValue(source, node, `${what} must be a whole number, not "${text}".`)
}
