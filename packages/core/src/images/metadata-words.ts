// The small language of docker/metadata-action: lists of `key=value` fields, and the expressions inside their values. Pure.
// Follows https://github.com/docker/metadata-action#readme

import type { EpochMs } from '../text/ids.ts'

/** What the expressions of an entry stand for. */
export interface MetadataFacts {
  readonly event: string
  /** `refs/heads/main`. */
  readonly ref: string
  readonly sha: string
  readonly defaultBranch: string
  /** Of a pull request. */
  readonly baseRef: string
  readonly commitAt: EpochMs
  readonly now: EpochMs
}

/** An entry that can't be understood; the message is a whole sentence for people. */
export class MetadataProblem extends Error {}

/** `type=semver,pattern={{version}},"value=a,b"` as fields; the first one may stand alone under `bare`. @throws MetadataProblem */
export function readFields(line: string, bare: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const [i, field] of splitCsv(line).entries()) {
    const at = field.indexOf('=')
    if (at < 0 && i > 0) throw new MetadataProblem(`"${line}": the field "${field}" has no value.`)
    if (at < 0) fields.set(bare, field.trim())
    else fields.set(field.slice(0, at).trim().toLowerCase(), field.slice(at + 1).trim())
  }
  return fields
}

function splitCsv(line: string): readonly string[] {
  const fields: string[] = []
  let field = ''
  let quoted = false
  for (const [i, character] of [...line].entries()) {
    if (character === '"' && line[i - 1] !== '\\') quoted = !quoted
    else if (character === ',' && !quoted && !isInBraces(field)) {
      fields.push(field)
      field = ''
    } else field += character
  }
  return [...fields, field].map((text) => text.replaceAll('\\"', '"')).filter((text) => text.trim() !== '')
}

/** A comma inside `{{date 'a,b'}}` separates nothing. */
function isInBraces(text: string): boolean {
  return text.lastIndexOf('{{') > text.lastIndexOf('}}')
}

/** Fills `{{branch}}`, `{{tag}}`, `{{sha}}`, `{{base_ref}}`, `{{is_default_branch}}`, `{{date '…' tz='…'}}`, and `extra` names. @throws MetadataProblem */
export function fillExpressions(text: string, facts: MetadataFacts, extra: Readonly<Record<string, string>> = {}): string {
  return text.replace(/\{\{\s*(.*?)\s*\}\}/g, (whole, inner: string) => {
    const [, name = '', format, zone] = /^(\w+)(?:\s+'([^']*)')?(?:\s+tz='([^']*)')?$/.exec(inner) ?? []
    if (name === 'date') return formatDate(facts.now, format ?? 'YYYY-MM-DDTHH:mm:ssZ', zone)
    if (name === 'commit_date') return formatDate(facts.commitAt, format ?? 'YYYY-MM-DDTHH:mm:ssZ', zone)
    const value = { ...globals(facts), ...extra }[name]
    if (value === undefined || format !== undefined) throw new MetadataProblem(`${whole} is no expression that is known.`)
    return value
  })
}

function globals({ ref, sha, defaultBranch, baseRef }: MetadataFacts): Readonly<Record<string, string>> {
  const branch = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : ''
  return {
    branch: branch.replaceAll('/', '-'),
    tag: ref.startsWith('refs/tags/') ? ref.slice('refs/tags/'.length).replaceAll('/', '-') : '',
    sha: sha.slice(0, 7),
    base_ref: baseRef.replace(/^refs\/heads\//, '').replaceAll('/', '-'),
    is_default_branch: String(branch !== '' && branch === defaultBranch),
    is_not_default_branch: String(!(branch !== '' && branch === defaultBranch)),
  }
}

/** The tokens of Moment.js that dates in tags use. @throws MetadataProblem for a zone that is unknown */
function formatDate(at: EpochMs, format: string, zone = 'UTC'): string {
  const parts = zoneParts(at, zone)
  const twelve = String(Number(parts.hour) % 12 || 12)
  const tokens: Readonly<Record<string, string>> = {
    ...{ hh: twelve.padStart(2, '0'), h: twelve, A: Number(parts.hour) < 12 ? 'AM' : 'PM', a: Number(parts.hour) < 12 ? 'am' : 'pm' },
    ...{ YYYY: parts.year, YY: parts.year.slice(-2), MM: parts.month, M: String(Number(parts.month)), DD: parts.day, D: String(Number(parts.day)) },
    ...{ HH: parts.hour, H: String(Number(parts.hour)), mm: parts.minute, m: String(Number(parts.minute)), ss: parts.second, s: String(Number(parts.second)) },
    ...{ SSS: String(at % 1000).padStart(3, '0'), X: String(Math.floor(at / 1000)), x: String(at), Z: parts.offset, ZZ: parts.offset.replace(':', '') },
  }
  return format.replace(/\[([^\]]*)\]|YYYY|YY|MM|M|DD|D|HH|H|hh|h|A|a|mm|m|SSS|ss|s|ZZ|Z|X|x/g, (token, literal?: string) => literal ?? tokens[token] ?? token)
}

function zoneParts(at: EpochMs, zone: string) {
  try {
    const options = {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    } as const
    const parts = new Intl.DateTimeFormat('en-GB', { ...options, timeZoneName: 'longOffset' }).formatToParts(at)
    const text = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
    const offset = text('timeZoneName').replace('GMT', '') || '+00:00'
    return { year: text('year'), month: text('month'), day: text('day'), hour: text('hour'), minute: text('minute'), second: text('second'), offset }
  } catch {
    throw new MetadataProblem(`There is no time zone "${zone}".`)
  }
}
