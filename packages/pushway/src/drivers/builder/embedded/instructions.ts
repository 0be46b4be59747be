// One instruction of a Dockerfile: its parts, or why it is refused.

import { flagOf, type Reader, readArgv, readCommand } from './forms.ts'
import { splitInstruction } from './lex.ts'
import type { Written } from './parse.ts'
import { readCopy } from './read-copy.ts'
import { readRun } from './read-run.ts'
import type { HealthcheckOptions, Instruction } from './types.ts'
import { splitWords } from './words.ts'

/** The instruction; undefined when it was refused (and reported). */
export function readInstruction(written: Written): Instruction | undefined {
  const reader = readers[written.keyword]
  if (reader === undefined) {
    written.report(`${written.keyword} is not an instruction the embedded builder knows`)
    return undefined
  }
  const flags = written.flags.map((flag) => `--${flag.name}=${flag.value} `).join('')
  const unknown = written.flags.filter((flag) => !(allowedFlags[written.keyword] ?? []).includes(flag.name))
  for (const flag of unknown) written.report(refusedFlags[`${written.keyword} ${flag.name}`] ?? `${written.keyword} has no flag --${flag.name}`)
  if (unknown.length > 0) return undefined
  if (written.args === '') {
    written.report(`${written.keyword} needs an argument`)
    return undefined
  }
  return reader(written, { at: written.at, text: `${written.keyword} ${flags}${written.args}` })
}

const allowedFlags: Readonly<Record<string, readonly string[]>> = {
  FROM: ['platform'],
  COPY: ['from', 'chown', 'chmod', 'link', 'parents', 'exclude'],
  ADD: ['chown', 'chmod', 'link', 'exclude', 'checksum', 'unpack', 'keep-git-dir'],
  RUN: ['mount', 'network', 'security'],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
}

/** Flags of Docker's that are refused, and why. */
const refusedFlags: Readonly<Record<string, string>> = {
  'RUN device': 'RUN --device: the embedded builder gives no devices to a RUN',
}

const readers: Readonly<Record<string, Reader>> = {
  FROM: readFrom,
  COPY: readCopy,
  ADD: readCopy,
  RUN: readRun,
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
  ONBUILD: readOnBuild,
  MAINTAINER: (written, base) => {
    written.report('MAINTAINER is obsolete and left out; use LABEL org.opencontainers.image.authors', 'warning')
    return { ...base, kind: 'nothing' }
  },
}

/** The trigger is read now, so that its mistakes show here, and again in the build that it is for. */
function readOnBuild(written: Written, base: { at: Written['at']; text: string }): Instruction | undefined {
  const inner = splitInstruction(written.args)
  if (['ONBUILD', 'FROM', 'MAINTAINER'].includes(inner.keyword)) {
    written.report(`ONBUILD ${inner.keyword} is not allowed`)
    return undefined
  }
  if (written.documents.length > 0) {
    written.report("ONBUILD with a here-document can't be kept in an image: use a file")
    return undefined
  }
  return readInstruction({ ...written, ...inner }) === undefined ? undefined : { ...base, kind: 'onbuild', trigger: written.args }
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
