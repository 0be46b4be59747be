// Tags and labels of an image from the event that builds it, by the rules of docker/metadata-action. Pure.
// Follows https://github.com/docker/metadata-action#readme

import { fillExpressions, type MetadataFacts, MetadataProblem, readFields } from './metadata-words.ts'

export interface MetadataInput {
  readonly images: readonly string[]
  readonly tags: readonly string[]
  readonly flavor: readonly string[]
  readonly labels: readonly string[]
  readonly annotations: readonly string[]
  readonly repository: { readonly name: string; readonly url: string; readonly description: string; readonly license: string }
}

export interface ImageMetadata {
  readonly version: string
  /** `image:tag`, or tags alone when no image is named. */
  readonly tags: readonly string[]
  readonly tagNames: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: readonly string[]
  readonly warnings: readonly string[]
}

interface Flavor {
  readonly latest: 'auto' | 'true' | 'false'
  readonly prefix: string
  readonly suffix: string
  readonly prefixLatest: boolean
  readonly suffixLatest: boolean
}

/** What one entry of `tags` gives. `latest`: whether `auto` makes it the latest. */
interface Named {
  readonly value: string
  readonly latest: boolean
}

type Entry = ReadonlyMap<string, string>

const priorities: Readonly<Record<string, number>> = { schedule: 1000, semver: 900, pep440: 900, match: 800, edge: 700, ref: 600, raw: 200, sha: 100 }
const usualTags = ['type=schedule', 'type=ref,event=branch', 'type=ref,event=tag', 'type=ref,event=pr']

/** Everything that the action gives. @throws MetadataProblem with a sentence: an entry that can't be understood */
export function imageMetadata(input: MetadataInput, facts: MetadataFacts): ImageMetadata {
  const warnings: string[] = []
  const flavor = readFlavor(input.flavor, facts)
  const entries = (input.tags.length > 0 ? input.tags : usualTags).map(readTag)
  const sorted = entries.toSorted((a, b) => priorityOf(b) - priorityOf(a))
  const found = sorted.filter((entry) => isEnabled(entry, facts)).flatMap((entry) => nameOf(entry, { flavor, facts, warnings }) ?? [])
  const names = [...new Set(found.map(({ value }) => value))]
  const latest = flavor.latest === 'auto' ? found[0]?.latest === true : flavor.latest === 'true'
  const latestName = sanitize(`${flavor.prefixLatest ? flavor.prefix : ''}latest${flavor.suffixLatest ? flavor.suffix : ''}`)
  const tagNames = [...new Set(names.length > 0 && latest ? [...names, latestName] : names)]
  const images = input.images.map((line) => readFields(line, 'name')).filter((image) => isEnabled(image, facts))
  const imageNames = images.map((image) => fillExpressions(image.get('name') ?? '', facts).toLowerCase()).filter((name) => name !== '')
  const version = names[0] ?? ''
  const labels = makeLabels(input, { facts, version, lines: input.labels })
  return {
    version,
    tags: imageNames.length === 0 ? tagNames : imageNames.flatMap((name) => tagNames.map((tag) => `${name}:${tag}`)),
    tagNames,
    labels,
    annotations: Object.entries(makeLabels(input, { facts, version, lines: input.annotations })).map(
      ([name, value]) => `${name.includes(':') ? '' : 'manifest:'}${name}=${value}`,
    ),
    warnings,
  }
}

function readFlavor(lines: readonly string[], facts: MetadataFacts): Flavor {
  const flavor = { latest: 'auto', prefix: '', suffix: '', prefixLatest: false, suffixLatest: false } as { -readonly [K in keyof Flavor]: Flavor[K] }
  for (const line of lines) {
    const fields = readFields(line, 'flavor')
    const onLatest = fields.get('onlatest') === 'true'
    for (const [name, value] of fields) {
      if (name === 'latest' && (value === 'auto' || value === 'true' || value === 'false')) flavor.latest = value
      else if (name === 'prefix') Object.assign(flavor, { prefix: fillExpressions(value, facts), prefixLatest: onLatest })
      else if (name === 'suffix') Object.assign(flavor, { suffix: fillExpressions(value, facts), suffixLatest: onLatest })
      else if (name !== 'onlatest') throw new MetadataProblem(`The flavor "${line}" is not understood: ${name}=${value}.`)
    }
  }
  return flavor
}

const knownFields = ['type', 'enable', 'priority', 'prefix', 'suffix', 'value', 'pattern', 'group', 'event', 'branch', 'format', 'tz']

function readTag(line: string): Entry {
  const fields = readFields(line, 'value')
  const type = fields.get('type') ?? 'raw'
  const strange = [...fields.keys()].find((name) => !knownFields.includes(name))
  if (!(type in priorities)) throw new MetadataProblem(`The tag "${line}" has the unknown type ${type}.`)
  if (strange !== undefined) throw new MetadataProblem(`The tag "${line}" has the unknown field ${strange}.`)
  if ((type === 'semver' || type === 'pep440' || type === 'match') && !fields.has('pattern')) throw new MetadataProblem(`The tag "${line}" needs a pattern.`)
  if (type === 'ref' && !['branch', 'tag', 'pr'].includes(fields.get('event') ?? ''))
    throw new MetadataProblem(`The tag "${line}" needs event=branch, tag or pr.`)
  if (type === 'raw' && !fields.has('value')) throw new MetadataProblem(`The tag "${line}" needs a value.`)
  return new Map([...fields, ['type', type]])
}

function priorityOf(entry: Entry): number {
  return Number(entry.get('priority') ?? priorities[entry.get('type') ?? ''] ?? 0)
}

function isEnabled(entry: Entry, facts: MetadataFacts): boolean {
  const text = fillExpressions(entry.get('enable') ?? 'true', facts)
  if (text !== 'true' && text !== 'false') throw new MetadataProblem(`enable must be true or false, not "${text}".`)
  return text === 'true'
}

interface Around {
  readonly flavor: Flavor
  readonly facts: MetadataFacts
  readonly warnings: string[]
}

function nameOf(entry: Entry, around: Around): Named | undefined {
  const named = rawName(entry, around)
  if (!named || named.value === '') return undefined
  const { flavor, facts } = around
  const type = entry.get('type')
  const usualPrefix = type === 'sha' ? 'sha-' : type === 'ref' && entry.get('event') === 'pr' ? 'pr-' : flavor.prefix
  const prefix = entry.has('prefix') ? fillExpressions(entry.get('prefix') ?? '', facts) : usualPrefix
  const suffix = entry.has('suffix') ? fillExpressions(entry.get('suffix') ?? '', facts) : flavor.suffix
  return { ...named, value: sanitize(`${prefix}${named.value}${suffix}`) }
}

function rawName(entry: Entry, around: Around): Named | undefined {
  const { facts } = around
  const plain = (value: string): Named => ({ value, latest: false })
  switch (entry.get('type')) {
    case 'schedule':
      return facts.event === 'schedule' ? plain(fillExpressions(entry.get('pattern') ?? 'nightly', facts)) : undefined
    case 'semver':
    case 'pep440':
      return versionName(entry, around)
    case 'match':
      return matchName(entry, around)
    case 'edge':
      return facts.ref === `refs/heads/${entry.get('branch') || facts.defaultBranch}` ? plain('edge') : undefined
    case 'ref':
      return refName(entry.get('event') ?? '', facts.ref)
    case 'sha':
      return plain(entry.get('format') === 'long' ? facts.sha : facts.sha.slice(0, 7))
    default:
      return plain(fillExpressions(entry.get('value') ?? '', facts))
  }
}

function refName(event: string, ref: string): Named | undefined {
  const [, kind, rest = ''] = /^refs\/(heads|tags|pull)\/(.+)$/.exec(ref) ?? []
  if (event === 'branch' && kind === 'heads') return { value: rest.replaceAll('/', '-'), latest: false }
  if (event === 'tag' && kind === 'tags') return { value: rest.replaceAll('/', '-'), latest: true }
  return event === 'pr' && kind === 'pull' ? { value: rest.replace(/\/(merge|head)$/, ''), latest: false } : undefined
}

/** The text that a version or a match is looked for in: `value`, else the name of the pushed tag. */
function sourceText(entry: Entry, { facts }: Around): string | undefined {
  const value = entry.get('value')
  if (value) return fillExpressions(value, facts)
  return facts.ref.startsWith('refs/tags/') ? facts.ref.slice('refs/tags/'.length).replaceAll('/', '-') : undefined
}

const semver = /^[v=\s]*(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/
const pep440 = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.\d+)*((?:a|b|rc|\.dev|\.post)\d+)?$/

/** A pre-release gives only itself, and is never the latest. */
function versionName(entry: Entry, around: Around): Named | undefined {
  const text = sourceText(entry, around)
  if (text === undefined) return undefined
  const isSemver = entry.get('type') === 'semver'
  const match = (isSemver ? semver : pep440).exec(text)
  if (!match) {
    around.warnings.push(
      `${text} is not a valid ${isSemver ? 'semver. More info: https://semver.org/' : 'pep440 version. More info: https://www.python.org/dev/peps/pep-0440/'}`,
    )
    return undefined
  }
  const [, major = '', minor = '0', patch = '0', before] = match
  const version = isSemver ? `${major}.${minor}.${patch}${before === undefined ? '' : `-${before}`}` : text.replace(/^v/, '')
  const pattern = entry.get('pattern') ?? ''
  const isRaw = /^\{\{\s*(raw|version)\s*\}\}$/.test(pattern)
  const words = { raw: text, version, major, minor, patch }
  const unstable = before !== undefined && !before.startsWith('.post')
  return { value: fillExpressions(unstable && !isRaw ? '{{version}}' : pattern, around.facts, words), latest: !unstable }
}

function matchName(entry: Entry, around: Around): Named | undefined {
  const { facts, warnings } = around
  const branch = facts.ref.startsWith('refs/heads/') ? facts.ref.slice('refs/heads/'.length) : undefined
  const text = sourceText(entry, around) ?? branch
  if (text === undefined) return undefined
  const pattern = entry.get('pattern') ?? ''
  const [, source = pattern, flags = ''] = /^\/(.+)\/([gimsuy]*)$/.exec(pattern) ?? []
  const group = Number(entry.get('group') ?? 0)
  const match = compile(source, flags).exec(text)
  if (match?.[group] !== undefined) return { value: match[group], latest: true }
  warnings.push(`${pattern} does not match ${text}${match ? `: it has no group ${group}` : ''}.`)
  return undefined
}

function compile(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags.replace('g', ''))
  } catch {
    throw new MetadataProblem(`The pattern ${source} is no regular expression.`)
  }
}

function sanitize(tag: string): string {
  return tag.replace(/[^a-zA-Z0-9._-]+/g, '-')
}

function makeLabels(input: MetadataInput, { facts, version, lines }: { facts: MetadataFacts; version: string; lines: readonly string[] }) {
  const { name, url, description, license } = input.repository
  const labels = new Map([
    ['org.opencontainers.image.created', new Date(facts.now).toISOString()],
    ['org.opencontainers.image.description', description],
    ['org.opencontainers.image.licenses', license],
    ['org.opencontainers.image.revision', facts.sha],
    ['org.opencontainers.image.source', url],
    ['org.opencontainers.image.title', name],
    ['org.opencontainers.image.url', url],
    ['org.opencontainers.image.version', version],
  ])
  for (const line of lines) {
    const at = line.indexOf('=')
    if (at < 1) throw new MetadataProblem(`The label "${line}" has no name or no value.`)
    labels.set(line.slice(0, at), fillExpressions(line.slice(at + 1), facts))
  }
  return Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1)))
}
