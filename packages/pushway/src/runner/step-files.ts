// The command files of one step: made before it starts, read after it ended, through the same open files,
// so that a step can't make the worker read something else by putting a link in their place.

import { closeSync, fchownSync, fstatSync, openSync, readSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Pairs, parseEnvFile, parsePairs, parsePathFile } from './command-files.ts'

const names = ['output', 'env', 'path', 'state', 'step_summary'] as const
type Name = (typeof names)[number]

const largest = 16 << 20

export interface StepFiles {
  /** GITHUB_OUTPUT and its siblings. */
  readonly variables: Readonly<Record<string, string>>
  read(): StepFileContents
  /** Closes and removes them. */
  close(): void
}

/** The command files of a job's processes, each of which has its own. */
export interface StepFilesMaker {
  next(): StepFiles
  close(): void
}

export interface StepFileContents {
  readonly outputs: Pairs
  readonly env: Pairs
  readonly path: readonly string[]
  readonly state: Pairs
  readonly summary: string
  /** Sentences: what could not be understood. */
  readonly problems: readonly string[]
}

/** @param uid of the processes that write them, where it is not ours */
export function createStepFilesMaker(dir: string, uid: number | undefined): StepFilesMaker {
  let count = 0
  let spare: StepFiles | undefined
  let closed = false
  const old: StepFiles[] = []
  // While a process runs there is time to get ready for the next one, and to clean up after the last.
  const tidy = () => {
    for (const files of old.splice(0)) files.close()
    try {
      if (!closed) spare ??= openStepFiles(dir, { uid, key: count++ })
    } catch {
      // A full disk: the step that needs them says so.
    }
  }
  return {
    next() {
      const files = spare ?? openStepFiles(dir, { uid, key: count++ })
      spare = undefined
      setImmediate(tidy)
      return { ...files, close: () => void old.push(files) }
    },
    close() {
      closed = true
      if (spare) old.push(spare)
      tidy()
    },
  }
}

function openStepFiles(dir: string, { uid, key }: { readonly uid: number | undefined; readonly key: number }): StepFiles {
  const files = names.map((name) => {
    const file = join(dir, `${name}_${key}`)
    const fd = openSync(file, 'wx+', 0o600)
    if (uid !== undefined) fchownSync(fd, uid, uid)
    return { name, file, fd }
  })
  return {
    variables: Object.fromEntries(files.map(({ name, file }) => [`GITHUB_${name.toUpperCase()}`, file])),
    read: () => readContents((name) => readOpen(files.find((file) => file.name === name)?.fd as number)),
    close() {
      for (const { file, fd } of files) {
        closeSync(fd)
        try {
          unlinkSync(file)
        } catch {
          // The step has removed it itself.
        }
      }
    },
  }
}

function readContents(text: (name: Name) => string | undefined): StepFileContents {
  const problems: string[] = []
  const pairs = (name: Name, parse: typeof parsePairs): Pairs => {
    const content = text(name)
    const parsed = content === undefined ? { problem: `The file is larger than ${largest} bytes` } : parse(content)
    if ('pairs' in parsed) return parsed.pairs
    problems.push(`Unable to process file command '${name}' successfully.`, parsed.problem)
    return []
  }
  const outputs = pairs('output', parsePairs)
  const env = pairs('env', parseEnvFile)
  return { outputs, env, state: pairs('state', parsePairs), path: parsePathFile(text('path') ?? ''), summary: text('step_summary') ?? '', problems }
}

function readOpen(fd: number): string | undefined {
  const { size } = fstatSync(fd)
  if (size === 0) return ''
  if (size > largest) return undefined
  const bytes = Buffer.alloc(size)
  let done = 0
  while (done < size) {
    const count = readSync(fd, bytes, done, size - done, done)
    if (count === 0) break
    done += count
  }
  return bytes.subarray(0, done).toString('utf8').replaceAll('\0', '')
}
