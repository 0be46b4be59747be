// Where requests and the state file enter the agent. Hand-made checks: a schema library would double the agent's memory.

import type { AgentGroup, Program } from '../ports/agent.ts'

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether a request asks for a group, with everything an instance of it needs. */
export function isAgentGroup(value: unknown): value is AgentGroup {
  return (
    isRecord(value) &&
    ['id', 'environment', 'service', 'release'].every((key) => typeof value[key] === 'string' && value[key] !== '') &&
    isCount(value.replicas) &&
    isProgram(value.program)
  )
}

function isProgram(value: unknown): value is Program {
  return (
    isRecord(value) &&
    ['tree', 'workingDir', 'stopSignal'].every((key) => typeof value[key] === 'string') &&
    Array.isArray(value.argv) &&
    value.argv.length > 0 &&
    value.argv.every(isWord) &&
    isTexts(value.env) &&
    isTexts(value.services) &&
    isStrings(value.path) &&
    Array.isArray(value.ports) &&
    value.ports.every((port) => isCount(port) && port > 0 && port < 65_536) &&
    typeof value.stopGraceMs === 'number' &&
    isRecord(value.isolation) &&
    isStrings(value.isolation.hide) &&
    isStrings(value.isolation.keepReadOnly)
  )
}

function isWord(word: unknown): boolean {
  return typeof word === 'string' || (isRecord(word) && (typeof word.inTree === 'string' || typeof word.fill === 'string'))
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 100_000
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string')
}
