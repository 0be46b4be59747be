// What an image has installed, from the files in which package managers keep their books.

/** One installed package. `kind` names the manager; versions as the manager writes them. */
export interface InstalledPackage {
  readonly kind: 'npm' | 'deb' | 'apk' | 'pypi'
  readonly name: string
  readonly version: string
  readonly license?: string
  /** Where in the image it was found. */
  readonly path: string
}

/** A file that a package manager keeps, by its path in the image; undefined for any other file. */
export function bookOf(path: string): ((text: string) => readonly InstalledPackage[]) | undefined {
  if (/(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path)) return (text) => readNpmPackage(path, text)
  if (/(^|\/)package-lock\.json$/.test(path)) return (text) => readNpmLock(path, text)
  if (/^var\/lib\/dpkg\/status(\.d\/[^/]+)?$/.test(path)) return (text) => readDpkg(path, text)
  if (path === 'lib/apk/db/installed') return (text) => readApk(path, text)
  if (/\.dist-info\/METADATA$/.test(path)) return (text) => readPython(path, text)
  return undefined
}

/**
 * The packages of a whole image, each once, in an order that depends on nothing but them. A lock file tells of packages that are not found
 * installed beside it only when nothing at all is: an image may be made of its sources alone.
 */
export function mergePackages(found: readonly InstalledPackage[]): readonly InstalledPackage[] {
  const installed = found.filter(({ path }) => !path.endsWith('package-lock.json'))
  const chosen = installed.some(({ kind }) => kind === 'npm') ? installed : found
  const byKey = new Map(chosen.map((one) => [`${one.kind} ${one.name} ${one.version}`, one] as const).toReversed())
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one)
}

/** The package's address as https://github.com/package-url/purl-spec writes it. */
export function packageUrl({ kind, name, version }: InstalledPackage): string {
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':')
  const path = name.split('/').map(encode).join('/')
  return kind === 'deb'
    ? `pkg:deb/debian/${path}@${encode(version)}`
    : kind === 'apk'
      ? `pkg:apk/alpine/${path}@${encode(version)}`
      : `pkg:${kind}/${path}@${encode(version)}`
}

type Facts = Readonly<Record<string, unknown>>

function readJson(text: string): Facts {
  try {
    const value: unknown = JSON.parse(text)
    return isFacts(value) ? value : {}
  } catch {
    return {}
  }
}

function isFacts(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readNpmPackage(path: string, text: string): readonly InstalledPackage[] {
  const { name, version, license } = readJson(text)
  if (typeof name !== 'string' || typeof version !== 'string') return []
  return [{ kind: 'npm', name, version, path, ...(typeof license === 'string' ? { license } : {}) }]
}

/** Lock files of versions 2 and 3 (`packages`) and 1 (`dependencies`). */
function readNpmLock(path: string, text: string): readonly InstalledPackage[] {
  const lock = readJson(text)
  const entries = isFacts(lock.packages) ? Object.entries(lock.packages) : isFacts(lock.dependencies) ? Object.entries(lock.dependencies) : []
  return entries.flatMap(([key, value]): InstalledPackage[] => {
    if (key === '' || !isFacts(value) || value.dev === true || value.link === true || typeof value.version !== 'string') return []
    const name = typeof value.name === 'string' ? value.name : (key.split('node_modules/').at(-1) ?? key)
    return [{ kind: 'npm', name, version: value.version, path, ...(typeof value.license === 'string' ? { license: value.license } : {}) }]
  })
}

/** Stanzas of `Key: value`; continuation lines begin with a blank and are not needed. */
function readStanzas(text: string): readonly Readonly<Record<string, string>>[] {
  return text
    .split(/\n\s*\n/)
    .map((stanza) => Object.fromEntries([...stanza.matchAll(/^([A-Za-z-]+):[ \t]*(.*)$/gm)].map(([, key = '', value = '']) => [key, value.trim()])))
}

function readDpkg(path: string, text: string): readonly InstalledPackage[] {
  return readStanzas(text).flatMap(({ Package: name, Version: version, Status: status = 'install ok installed' }): InstalledPackage[] =>
    name && version && status.endsWith(' installed') ? [{ kind: 'deb', name, version, path }] : [],
  )
}

function readApk(path: string, text: string): readonly InstalledPackage[] {
  return text.split(/\n\s*\n/).flatMap((stanza): InstalledPackage[] => {
    const of = (key: string) => new RegExp(`^${key}:(.*)$`, 'm').exec(stanza)?.[1]?.trim()
    const [name, version, license] = [of('P'), of('V'), of('L')]
    return name && version ? [{ kind: 'apk', name, version, path, ...(license ? { license } : {}) }] : []
  })
}

function readPython(path: string, text: string): readonly InstalledPackage[] {
  const [{ Name: name, Version: version, License: license } = {}] = readStanzas(text)
  return name && version ? [{ kind: 'pypi', name: name.toLowerCase().replaceAll(/[-_.]+/g, '-'), version, path, ...(license ? { license } : {}) }] : []
}
