// Layers: imports go one way, siblings never import each other, and there is no cycle.

import { type Import, importsOf } from './imports.ts'
import type { Finding, SourceFile } from './source.ts'

const base = ['core', 'ports', 'util', 'oci', 'config']
const middle = ['store', 'results', 'drivers', 'runner', 'git', 'registry', 'proxy', 'agent', 'watch', 'observe', 'perform', 'engine']
const surfaces = ['http', 'cli']

/** Layer → what it may import besides itself. A new folder needs a row here, and its reason in docs/architecture.md. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ports: ['core', 'util'],
  util: ['core', 'ports'],
  oci: ['core', 'ports', 'util'],
  config: ['core', 'ports', 'util'],
  model: base,
  ...Object.fromEntries(middle.map((layer) => [layer, [...base, 'model']])),
  ...Object.fromEntries(surfaces.map((layer) => [layer, [...base, 'model', ...middle]])),
  main: [...base, 'model', ...middle, ...surfaces],
  web: ['core'],
}

/** The layer of a file, or undefined for tests and tools. */
export function layerOf(path: string): string | undefined {
  const [, name, , folder, ...rest] = path.split('/')
  if (!/^packages\/[^/]+\/src\//.test(path) || /\.test\.tsx?$/.test(path)) return undefined
  if (name === 'core' || name === 'web') return name
  return rest.length === 0 ? 'main' : folder
}

/** Imports against the layers' direction, and cycles of imports that remain when types are gone. */
export function checkLayers(sources: readonly SourceFile[]): readonly Finding[] {
  const known = new Set(sources.map((source) => source.path))
  const imports = sources
    .filter((source) => source.kind === 'source')
    .flatMap((source) => importsOf(source, known))
    .filter((one) => !one.started)
  return [...unknownLayers(sources), ...imports.flatMap(checkDirection), ...findCycles(imports)]
}

function unknownLayers(sources: readonly SourceFile[]): readonly Finding[] {
  const unknown = sources.filter((source) => layerOf(source.path) !== undefined && mayImport[layerOf(source.path) as string] === undefined)
  return unknown.map((source) => ({
    rule: 'layers',
    path: source.path,
    message: `"${layerOf(source.path)}" is no layer. Add it to tools/house-rules/layers.ts.`,
  }))
}

function checkDirection(one: Import): readonly Finding[] {
  const from = layerOf(one.from)
  if (from === undefined) return []
  if (from === 'web' && one.specifier.startsWith('node:')) return [finding(one, 'the page runs in a browser: no Node modules')]
  const to = one.to === undefined ? undefined : layerOf(one.to)
  if (to === undefined || mayImport[from] === undefined) return []
  // The API's client is the caller's side of http: it knows the routes and nothing of the server.
  if (from === 'cli' && one.to === 'packages/pushway/src/http/client.ts') return []
  // Blobs are what other drivers keep their files in.
  if (from === 'drivers' && to === 'drivers' && ![family(one.from), 'blobs'].includes(family(one.to as string))) {
    return [finding(one, `drivers of ${family(one.from)} may not import drivers of ${family(one.to as string)}: pass what is needed in`)]
  }
  return from === to || mayImport[from].includes(to) ? [] : [finding(one, `${from} may not import ${to}: pass a function or a port in`)]
}

function finding(one: Import, message: string): Finding {
  return { rule: 'layers', path: one.from, line: one.line, message: `${one.specifier}: ${message}.` }
}

/** `drivers/runtime/process/…` → `runtime`. */
function family(path: string): string {
  return path.split('/')[4] ?? ''
}

/** Each cycle once, by its first file. */
export function findCycles(imports: readonly Pick<Import, 'from' | 'to' | 'typeOnly'>[]): readonly Finding[] {
  const graph = new Map<string, string[]>()
  for (const { from, to, typeOnly } of imports) {
    if (to !== undefined && !typeOnly) graph.set(from, [...(graph.get(from) ?? []), to])
  }
  const cycles: string[][] = []
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file)
    if (at >= 0) cycles.push([...trail.slice(at), file])
    if (at >= 0 || done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles.map((cycle) => ({ rule: 'cycles', path: cycle[0] as string, message: `imports go in a circle: ${cycle.join(' → ')}.` }))
}
