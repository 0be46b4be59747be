// Checks what comes from outside: the routes file, the control plane's requests. By hand: a validation library would cost start-up time and memory.

import type { Route, RouteGroup } from '../ports/router.ts'
import { isRange } from './allowed.ts'

/** A route as it is kept: with the address that was chosen for it. */
export interface SavedRoute extends Route {
  readonly bound?: { readonly host: string; readonly port: number }
}

/** The routes file. */
export interface RoutesFile {
  readonly version: 1
  /** Counts changes. */
  readonly revision: number
  readonly routes: readonly SavedRoute[]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isAddress(value: unknown): value is { host: string; port: number } {
  return isObject(value) && typeof value.host === 'string' && Number.isInteger(value.port) && (value.port as number) >= 0 && (value.port as number) <= 65_535
}

/** `host:port` or `[v6]:port`. */
function isTarget(value: unknown): value is string {
  return typeof value === 'string' && /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(value) && Number(value.slice(value.lastIndexOf(':') + 1)) <= 65_535
}

function readGroup(value: unknown): RouteGroup | undefined {
  if (!isObject(value) || typeof value.group !== 'string' || typeof value.weight !== 'number' || !(value.weight >= 0)) return undefined
  if (!Array.isArray(value.targets) || !value.targets.every(isTarget)) return undefined
  return { group: value.group, weight: value.weight, targets: value.targets }
}

/** The route in `value`, with the fields we know; `undefined` when it is none. */
export function readRoute(value: unknown): SavedRoute | undefined {
  if (!isObject(value)) return undefined
  const { id, environment, service, listen, protocol, holdMs, bound, from } = value
  if (typeof id !== 'string' || typeof environment !== 'string' || typeof service !== 'string' || !isAddress(listen)) return undefined
  if ((protocol !== 'http' && protocol !== 'tcp') || typeof holdMs !== 'number' || !(holdMs >= 0) || !Array.isArray(value.groups)) return undefined
  if (from !== undefined && !(Array.isArray(from) && from.every(isRange))) return undefined
  const groups: RouteGroup[] = []
  for (const item of value.groups) {
    const group = readGroup(item)
    if (group === undefined) return undefined
    groups.push(group)
  }
  const limited = from === undefined ? {} : { from: from as readonly string[] }
  const route = { id, environment, service, listen: { host: listen.host, port: listen.port }, ...limited, protocol, groups, holdMs } as const
  return isAddress(bound) ? { ...route, bound: { host: bound.host, port: bound.port } } : route
}

/** The routes file in `text`; entries that are none are left out. `undefined`: it is no routes file. */
export function parseRoutesFile(text: string): RoutesFile | undefined {
  const value = parseJson(text)
  if (!isObject(value) || value.version !== 1 || !Array.isArray(value.routes)) return undefined
  const routes = value.routes.map(readRoute).filter((route) => route !== undefined)
  return { version: 1, revision: typeof value.revision === 'number' ? value.revision : 0, routes }
}

/** The value of a JSON text, or `undefined`. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The argument array and build name of a handover request. */
export function readLaunch(value: unknown): { launch: readonly string[]; build: string } | undefined {
  if (!isObject(value) || !Array.isArray(value.launch) || value.launch.length === 0 || !value.launch.every((part) => typeof part === 'string')) return undefined
  return { launch: value.launch, build: typeof value.build === 'string' ? value.build : 'unknown' }
}
