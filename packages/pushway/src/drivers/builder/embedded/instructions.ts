// One instruction of a Dockerfile: its parts, or why it is refused.

import { documentName, readHereDocuments } from './here-document.ts'
import type { Written } from './parse.ts'
import type { CommandForm, HealthcheckOptions, Instruction } from './types.ts'
import { splitWords } from './words.ts'

type Reader = (written: Written, base: { readonly at: Written['at']; readonly text: string }) => Instruction | undefined

/** The instruction; undefined when it was refused (and reported). */
export function readInstruction(written: Written): Instruction | undefined {
  const reader = readers[written.keyword]
  if (reader === undefined) {
    written.report(`${written.keyword} is not an instruction the embedded builder knows`)
    return undefined
  }
  const flags = written.flags.map((flag) => `--${flag.name}=${flag.value} `).join('')
  const unknown = written.flags.filter((flag) => !(allowedFlags[written.keyword] ?? []).includes(flag.name))
  for (const flag of unknown) written.report(`${written.keyword} --${flag.name} is not supported yet by the embedded builder`)
  const refused = written.heredoc && !['RUN', 'COPY'].includes(written.keyword)
  if (refused) written.report(`${written.keyword} with a heredoc (<<) is not supported yet by the embedded builder`)
  if (unknown.length > 0 || refused) return undefined
  if (written.args === '') {
    written.report(`${written.keyword} needs an argument`)
    return undefined
  }
  return reader(written, { at: written.at, text: `${written.keyword} ${flags}${written.args}` })
}

const allowedFlags: Readonly<Record<string, readonly string[]>> = {
  FROM: ['platform'],
  COPY: ['from', 'chown', 'chmod', 'link'],
  ADD: ['chown', 'chmod', 'link'],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
}

const readers: Readonly<Record<string, Reader>> = {
  FROM: readFrom,
  COPY: (written, base) => (written.heredoc ? readCopyDocuments(written, base) : readCopy(written, base)),
  ADD: readCopy,
  RUN: (written, base) => (written.heredoc ? readRunDocument(written, base) : { ...base, kind: 'run', command: readCommand(written.args) }),
  CMD: (written, base) => ({ ...base, kind: 'cmd', command: readCommand(written.args) }),
  ENTRYPOINT: (written, base) => ({ ...base, kind: 'entrypoint', command: readCommand(written.args) }),
  ARG: readArg,
  ENV: readPairs,
  LABEL: readPairs,
  WORKDIR: (written, base) => ({ ...base, kind: 'workdir', word: written.args }),
  USER: (written, base) => ({ ...base, kind: 'user', word: written.args }),
  STOPSIGNAL: (written, base) => ({ ...base, kind: 'stopsignal', word: written.args }),
  EXPOSE: (written, base) => ({ ...base, kind: 'expose', words: splitWords(written.args, written.escapeChar) }),
  VOLUME: readVolume,
  SHELL: readShell,
  HEALTHCHECK: readHealthcheck,
  ONBUILD: refuse('ONBUILD is not supported yet by the embedded builder'),
  MAINTAINER: (written, base) => {
    written.report('MAINTAINER is obsolete and left out; use LABEL org.opencontainers.image.authors', 'warning')
    return { ...base, kind: 'nothing' }
  },
}

function refuse(message: string): Reader {
  return (written) => {
    written.report(message)
    return undefined
  }
}

function flagOf(written: Written, name: string): string | undefined {
  return written.flags.find((flag) => flag.name === name)?.value
}

/** Docker's rule: a JSON array of strings is exec form, anything else is a line for the shell. */
function readCommand(args: string): CommandForm {
  const argv = readArgv(args)
  return argv === undefined ? { form: 'shell', line: args } : { form: 'exec', argv }
}

/**
 * `RUN <<EOF`: the text is for the shell, or a program when it begins with `#!`. `RUN command <<EOF`: all of it is for the shell, which knows
 * here-documents itself. Variables are the shell's to expand, as in Docker.
 */
function readRunDocument(written: Written, base: { at: Written['at']; text: string }): Instruction | undefined {
  const found = readHereDocuments(written.raw)
  if ('problem' in found) {
    written.report(found.problem)
    return undefined
  }
  const { head, documents } = found
  const [only] = documents
  const text = `RUN ${head} (${(only?.text.split('\n')[0] ?? '').trim()}…)`
  if (documents.length > 1 || only === undefined || documentName(head.trim()) === undefined)
    return { ...base, text, kind: 'run', command: { form: 'shell', line: written.raw.replaceAll('\r\n', '\n') } }
  if (only.text.trim() === '') {
    written.report(`the here-document <<${only.name} is empty`)
    return undefined
  }
  return { ...base, text, kind: 'run', command: { form: only.text.startsWith('#!') ? 'script' : 'shell', line: only.text } }
}

/** `COPY <<NAME to`: the documents are files of their names. */
function readCopyDocuments(written: Written, base: { at: Written['at']; text: string }): Instruction | undefined {
  const found = readHereDocuments(written.raw)
  if ('problem' in found) {
    written.report(found.problem)
    return undefined
  }
  const words = splitWords(found.head, written.escapeChar)
  const to = words.at(-1)
  const names = words.slice(0, -1).map(documentName)
  const sources = names.filter((name) => name !== undefined)
  if (to === undefined || sources.length !== names.length || sources.length === 0 || flagOf(written, 'from') !== undefined) {
    written.report('COPY with here-documents copies nothing else: use another COPY for other files')
    return undefined
  }
  const option = (name: 'chown' | 'chmod') => {
    const value = flagOf(written, name)
    return value ? { [name]: value } : {}
  }
  return { ...base, text: `COPY ${found.head}`, kind: 'copy', keyword: 'COPY', sources, to, documents: found.documents, ...option('chown'), ...option('chmod') }
}

function readArgv(args: string): readonly string[] | undefined {
  if (!args.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(args)
    return Array.isArray(value) && value.every((part) => typeof part === 'string') ? value : undefined
  } catch {
    return undefined
  }
}

function readFrom(written: Written, base: { at: Written['at']; text: string }): Instruction | undefined {
  const [image = '', as, name, ...more] = splitWords(written.args, written.escapeChar)
  const named = as !== undefined
  if (named && (as.toLowerCase() !== 'as' || name === undefined || more.length > 0)) {
    written.report('FROM is written FROM image, or FROM image AS name')
    return undefined
  }
  if (named && !/^[a-z][a-z0-9-_.]*$/i.test(name ?? '')) {
    written.report(`"${name}" can't be the name of a stage`)
    return undefined
  }
  const platform = flagOf(written, 'platform')
  return { ...base, kind: 'from', image, ...(named && name ? { name: name.toLowerCase() } : {}), ...(platform ? { platform } : {}) }
}

function readCopy(written: Written, base: { at: Written['at']; text: string }): Instruction | undefined {
  const words = readArgv(written.args) ?? splitWords(written.args, written.escapeChar)
  const keyword = written.keyword === 'ADD' ? 'ADD' : 'COPY'
  const sources = words.slice(0, -1)
  const to = words.at(-1)
  if (to === undefined || sources.length === 0) {
    written.report(`${keyword} needs at least one source and a destination`)
    return undefined
  }
  const remote = sources.find((source) => /^(https?|git|ssh):\/\/|^git@/.test(source))
  if (keyword === 'ADD' && remote !== undefined) {
    written.report(`ADD of a URL (${remote}) is not supported yet by the embedded builder; fetch it in a RUN`)
    return undefined
  }
  const archive = keyword === 'ADD' ? sources.find((source) => /\.(tar|tar\.\w+|tgz|tbz2?|txz)$/.test(source)) : undefined
  if (archive !== undefined) {
    written.report(`ADD of an archive (${archive}), which Docker would unpack, is not supported yet by the embedded builder; COPY it and unpack it in a RUN`)
    return undefined
  }
  const option = (name: 'from' | 'chown' | 'chmod') => {
    const value = flagOf(written, name)
    return value ? { [name]: value } : {}
  }
  return { ...base, kind: 'copy', keyword, sources, to, ...option('from'), ...option('chown'), ...option('chmod') }
}

function readArg(written: Written, base: { at: Written['at']; text: string }): Instruction | undefined {
  const pairs = splitWords(written.args, written.escapeChar).map((word) => {
    const at = word.indexOf('=')
    return at < 0 ? { name: word } : { name: word.slice(0, at), value: word.slice(at + 1) }
  })
  const bad = pairs.find((pair) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(pair.name))
  if (bad) written.report(`"${bad.name}" can't be the name of an ARG`)
  return bad ? undefined : { ...base, kind: 'arg', pairs }
}

/** `A=1 B="x y"`, or the old form `A the rest of the line`. */
function readPairs(written: Written, base: { at: Written['at']; text: string }): Instruction | undefined {
  const kind = written.keyword === 'ENV' ? 'env' : 'label'
  const words = splitWords(written.args, written.escapeChar)
  if (!words[0]?.includes('=')) {
    const [name = '', value] = written.args.split(/\s+([\s\S]*)/)
    if (value === undefined) written.report(`${written.keyword} needs name=value`)
    return value === undefined ? undefined : { ...base, kind, pairs: [{ name, value }] }
  }
  const bad = words.find((word) => word.indexOf('=') < 1)
  if (bad !== undefined) {
    written.report(`${written.keyword}: "${bad}" is not name=value; quote values that have blanks`)
    return undefined
  }
  return { ...base, kind, pairs: words.map((word) => ({ name: word.slice(0, word.indexOf('=')), value: word.slice(word.indexOf('=') + 1) })) }
}

function readVolume(written: Written, base: { at: Written['at']; text: string }): Instruction {
  written.report('VOLUME is recorded in the image; the process runtime does not make volumes of it', 'warning')
  return { ...base, kind: 'volume', words: readArgv(written.args) ?? splitWords(written.args, written.escapeChar) }
}

function readShell(written: Written, base: { at: Written['at']; text: string }): Instruction | undefined {
  const argv = readArgv(written.args)
  if (argv === undefined || argv.length === 0) written.report('SHELL needs a JSON array: SHELL ["/bin/sh", "-c"]')
  return argv === undefined || argv.length === 0 ? undefined : { ...base, kind: 'shell', argv }
}

function readHealthcheck(written: Written, base: { at: Written['at']; text: string }): Instruction | undefined {
  const [word = ''] = splitWords(written.args, written.escapeChar)
  const rest = written.args.slice(word.length).trim()
  if (word.toUpperCase() === 'NONE' && rest === '') return { ...base, kind: 'healthcheck', options: {} }
  if (word.toUpperCase() !== 'CMD' || rest === '') {
    written.report('HEALTHCHECK is written HEALTHCHECK [options] CMD command, or HEALTHCHECK NONE')
    return undefined
  }
  const names = { interval: 'interval', timeout: 'timeout', 'start-period': 'startPeriod', 'start-interval': 'startInterval', retries: 'retries' } as const
  const options: { -readonly [K in keyof HealthcheckOptions]: HealthcheckOptions[K] } = {}
  for (const [flag, key] of Object.entries(names)) {
    const value = flagOf(written, flag)
    if (value === undefined) continue
    const good = flag === 'retries' ? /^\d+$/.test(value) : readDuration(value) !== undefined
    if (!good) written.report(`HEALTHCHECK --${flag}=${value} is not ${flag === 'retries' ? 'a number' : 'a duration such as 30s'}`)
    options[key] = value
  }
  return { ...base, kind: 'healthcheck', command: readCommand(rest), options }
}

/** A Go duration (`1m30s`, `500ms`) in nanoseconds; undefined when it is none. */
export function readDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+$/.test(text)) return text === '0' ? 0 : undefined
  const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)) total += Number(amount) * (units[unit ?? ''] ?? 0)
  return Math.round(total)
}
