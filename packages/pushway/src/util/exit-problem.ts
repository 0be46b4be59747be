// Sentences for why a program ended. Pure.

import { constants } from 'node:os'

/** Why a program ended, with the line of its error output that says most. */
export function exitProblem(code: number | null, signal: string | null, errorOutput: string): string {
  const ended = signal ? `was ended by ${signal}` : `exited with code ${code ?? 'unknown'}${signalOf(code)}`
  const line = tellingLine(errorOutput)
  return line ? `${ended}: ${line}` : ended
}

/** A code above 128 is a signal's, by the shells' custom. */
function signalOf(code: number | null): string {
  const name = Object.entries(constants.signals).find(([, number]) => number === (code ?? 0) - 128)?.[0]
  return name ? ` (${name})` : ''
}

const noise = [/^\s*$/, /^\s+at /, /^Node\.js v\d/, /^\s*[\^~]+\s*$/, /^[{}\]]/, /^\s+(code|errno|syscall|address|port|requireStack)\b/]

/** The last line that names an error, else the last one that says anything; at most 300 characters. */
export function tellingLine(output: string): string {
  const lines = output.split('\n').filter((line) => !noise.some((pattern) => pattern.test(line)))
  const named = lines.filter((line) => /^(\w*(Error|Exception)\b|error|fatal|panic|npm error)/i.test(line.trim()))
  return (named.at(-1) ?? lines.at(-1) ?? '').trim().slice(0, 300)
}
