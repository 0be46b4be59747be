// The short form of a service's volume: `[SOURCE:]TARGET[:OPTIONS]`.
// Follows https://docs.docker.com/reference/compose-file/services/#short-syntax-5

/** A volume as its short form says it. `problem`: what is wrong with the text. */
export interface VolumeText {
  readonly type: 'bind' | 'volume'
  readonly source?: string
  readonly target?: string
  readonly readOnly: boolean
  readonly noCopy: boolean
  readonly selinux?: string
  readonly propagation?: string
  /** Options that mean nothing to compose: it ignores them. */
  readonly unknown: readonly string[]
  readonly problem?: string
}

const propagations = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave']

/** Reads the short form. A drive letter (`C:\…`) and `${…}` keep their colons. */
export function parseVolume(text: string): VolumeText {
  if (text === '') return { ...plain, type: 'volume', problem: 'it is empty' }
  if (text.length <= 2) return { ...plain, type: 'volume', target: text }
  const sections = splitSections(text)
  if (sections.includes('')) return { ...plain, type: 'volume', problem: 'there is nothing between two colons' }
  if (sections.length > 3) return { ...plain, type: 'volume', problem: 'it has too many colons' }
  const [first = '', second, options] = sections
  if (second === undefined) return { ...plain, type: 'volume', target: first }
  return { ...readOptions(options), type: isFilePath(first) ? 'bind' : 'volume', source: first, target: second }
}

const plain = { readOnly: false, noCopy: false, unknown: [] } as const

function splitSections(text: string): readonly string[] {
  const sections: string[] = []
  let section = ''
  let depth = 0
  for (const [index, char] of [...text].entries()) {
    if (char === '$' && [...text][index + 1] === '{') depth += 1
    else if (char === '}' && depth > 0) depth -= 1
    if (char === ':' && depth === 0 && !/^[A-Za-z]$/.test(section)) {
      sections.push(section)
      section = ''
    } else section += char
  }
  return [...sections, section]
}

function readOptions(text: string | undefined): Omit<VolumeText, 'type'> {
  const all = text === undefined ? [] : text.split(',')
  const access = all.findLast((option) => option === 'ro' || option === 'rw')
  const selinux = all.findLast((option) => option === 'z' || option === 'Z')
  const propagation = all.findLast((option) => propagations.includes(option))
  const known = ['ro', 'rw', 'z', 'Z', 'nocopy', ...propagations]
  return {
    readOnly: access === 'ro',
    noCopy: all.includes('nocopy'),
    ...(selinux === undefined ? {} : { selinux }),
    ...(propagation === undefined ? {} : { propagation }),
    unknown: all.filter((option) => !known.includes(option)),
  }
}

/** `./x`, `/x`, `~/x`, `C:\x`: a place of the machine, not the name of a volume. */
function isFilePath(source: string): boolean {
  return /^[./~]/.test(source) || source.startsWith('\\\\') || /^[A-Za-z]:/.test(source)
}
