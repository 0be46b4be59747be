// What the readers of instructions share.

import type { Written } from './parse.ts'
import type { CommandForm, Instruction } from './types.ts'

/** Reads the arguments of one instruction; undefined when it was refused. */
export type Reader = (written: Written, base: { readonly at: Written['at']; readonly text: string }) => Instruction | undefined

/** The value of a flag that counts once. */
export function flagOf(written: Written, name: string): string | undefined {
  return written.flags.find((flag) => flag.name === name)?.value
}

/** Docker's rule: a JSON array of strings is exec form, anything else is a line for the shell. */
export function readCommand(args: string): CommandForm {
  const argv = readArgv(args)
  return argv === undefined ? { form: 'shell', line: args } : { form: 'exec', argv }
}

/** A JSON array of strings; undefined for anything else. */
export function readArgv(args: string): readonly string[] | undefined {
  if (!args.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(args)
    return Array.isArray(value) && value.every((part) => typeof part === 'string') ? value : undefined
  } catch {
    return undefined
  }
}
