// Which Node.js version a `node-version` means: exact versions, majors, ranges, `lts/*`, names of lines.
// Follows the version syntax of actions/setup-node and the ranges of https://semver.org as npm reads them.

/** `[major, minor, patch]`. */
export type Version = readonly [number, number, number]

/** The long-term lines that have a name. */
const ltsLines: Readonly<Record<string, number>> = {
  argon: 4,
  boron: 6,
  carbon: 8,
  dubnium: 10,
  erbium: 12,
  fermium: 14,
  gallium: 16,
  hydrogen: 18,
  iron: 20,
  jod: 22,
  krypton: 24,
}

const newestLts = Math.max(...Object.values(ltsLines))

/** `v20.11.1` or `20.11.1` as numbers; undefined for anything else (also pre-releases). */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)$/.exec(text.trim())
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined
}

function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/**
 * Whether `version` is what `wanted` asks for. Undefined when `wanted` can't be understood.
 * `latest`, `node`, `current` take every version; `lts/*` every even major up to the newest long-term one that is known.
 */
export function fitsVersion(wanted: string, version: Version): boolean | undefined {
  const text = wanted.trim().toLowerCase()
  if (text === '' || text === '*' || text === 'x') return true
  if (text === 'latest' || text === 'node' || text === 'current') return true
  if (text === 'lts/*' || text === 'lts') return version[0] % 2 === 0 && version[0] <= newestLts
  if (text.startsWith('lts/')) {
    const major = ltsLines[text.slice(4)]
    return major === undefined ? undefined : version[0] === major
  }
  const alternatives = text.split('||').map((range) => fitsRange(range.trim(), version))
  if (alternatives.includes(undefined)) return undefined
  return alternatives.includes(true)
}

/** The newest of `versions` that fits. */
export function newestFit(wanted: string, versions: readonly string[]): string | undefined {
  const fitting = versions.filter((text) => {
    const version = parseVersion(text)
    return version !== undefined && fitsVersion(wanted, version) === true
  })
  const number = (text: string) => parseVersion(text) as Version
  return fitting.sort((a, b) => compareVersions(number(b), number(a)))[0]
}

/** All the comparators of one range; a hyphen range is two. */
function fitsRange(range: string, version: Version): boolean | undefined {
  const hyphen = /^(\S+)\s+-\s+(\S+)$/.exec(range)
  const parts = hyphen ? [`>=${hyphen[1]}`, `<=${hyphen[2]}`] : range.replace(/([<>=~^])\s+/g, '$1').split(/\s+/)
  const results = parts.map((part) => fitsComparator(part, version))
  if (results.includes(undefined)) return undefined
  return results.every((result) => result === true)
}

function fitsComparator(text: string, version: Version): boolean | undefined {
  const match = /^(\^|~|>=|<=|>|<|=)?v?(\d+|x|\*)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?$/.exec(text)
  if (!match) return undefined
  const given = [match[2], match[3], match[4]].map((part) => (part === undefined || part === 'x' || part === '*' ? undefined : Number(part)))
  const [major, minor, patch] = given
  if (major === undefined) return true
  const low: Version = [major, minor ?? 0, patch ?? 0]
  /** The first version after everything that the given digits cover. */
  const after: Version = minor === undefined ? [major + 1, 0, 0] : patch === undefined ? [major, minor + 1, 0] : [major, minor, patch + 1]
  const atLeast = compareVersions(version, low) >= 0
  switch (match[1]) {
    case '^':
      return atLeast && version[0] === major && (major > 0 || minor === undefined || version[1] === minor)
    case '~':
      return atLeast && version[0] === major && (minor === undefined || version[1] === minor)
    case '>=':
      return atLeast
    case '>':
      return compareVersions(version, after) >= 0
    case '<':
      return !atLeast
    case '<=':
      return compareVersions(version, after) < 0
    default:
      return atLeast && compareVersions(version, after) < 0
  }
}
