// COPY and ADD: sources, destination and flags.

import { flagOf, type Reader, readArgv } from './forms.ts'
import { documentName } from './here-document.ts'
import type { Written } from './parse.ts'
import type { Instruction } from './types.ts'
import { splitWords } from './words.ts'

/** `COPY [flags] source… to`, `ADD [flags] source… to`, `COPY <<NAME to`. */
export const readCopy: Reader = (written, base) => {
  const keyword = written.keyword === 'ADD' ? 'ADD' : 'COPY'
  const words = readArgv(written.args) ?? splitWords(written.args, written.escapeChar)
  const sources = words.slice(0, -1)
  const to = words.at(-1)
  const named = sources.filter((word) => documentName(word) === undefined)
  if (to === undefined || sources.length === 0) {
    written.report(`${keyword} needs at least one source and a destination`)
    return undefined
  }
  if (sources.length > named.length && (named.length > 0 || flagOf(written, 'from') !== undefined)) {
    written.report(`${keyword} with here-documents copies nothing else: use another ${keyword} for other files`)
    return undefined
  }
  const documents = sources.length > named.length ? { documents: written.documents } : {}
  const names = sources.map((word) => documentName(word) ?? word)
  const flags = readFlags(written, keyword, sources)
  return flags && { ...base, kind: 'copy', keyword, sources: names, to, ...documents, ...flags }
}

type CopyFlags = Pick<Extract<Instruction, { kind: 'copy' }>, 'from' | 'chown' | 'chmod' | 'parents' | 'exclude' | 'checksum' | 'unpack'>

function readFlags(written: Written, keyword: 'COPY' | 'ADD', sources: readonly string[]): CopyFlags | undefined {
  const flags: Record<string, unknown> = {}
  for (const name of ['from', 'chown', 'chmod', 'checksum']) {
    const value = flagOf(written, name)
    if (value) flags[name] = value
  }
  const exclude = written.flags.filter(({ name }) => name === 'exclude').map(({ value }) => value)
  if (exclude.length > 0) flags.exclude = exclude
  if (isOn(written, 'parents')) flags.parents = true
  if (written.flags.some(({ name }) => name === 'unpack')) flags.unpack = isOn(written, 'unpack')
  const problem = keyword === 'ADD' ? addProblem(written, sources) : undefined
  if (problem !== undefined) written.report(problem)
  return problem === undefined ? (flags as CopyFlags) : undefined
}

function isOn(written: Written, name: string): boolean {
  const flag = written.flags.find((one) => one.name === name)
  return flag !== undefined && flag.value !== 'false'
}

/** Why an ADD is refused. */
function addProblem(written: Written, sources: readonly string[]): string | undefined {
  const git = sources.find((source) => /^(?:git|ssh):\/\/|^git@|\.git(?:#.*)?$/.test(source))
  if (git !== undefined) return `ADD of a git repository (${git}) is refused: check it out in the workflow and COPY it`
  if (flagOf(written, 'keep-git-dir') !== undefined) return 'ADD --keep-git-dir is for git repositories, which are refused'
  const checksum = flagOf(written, 'checksum')
  if (checksum === undefined) return undefined
  if (sources.length !== 1 || !(isRemote(sources[0] ?? '') || sources[0]?.startsWith('$'))) return 'ADD --checksum is for a single URL'
  return /^sha256:[0-9a-f]{64}$/.test(checksum) || checksum.includes('$') ? undefined : `ADD --checksum=${checksum} must be sha256: and 64 hexadecimal digits`
}

/** Whether ADD fetches it. */
export function isRemote(source: string): boolean {
  return /^https?:\/\//.test(source)
}
