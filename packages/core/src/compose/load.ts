// Compose files → App: read, interpolate, merge, check. Follows the compose specification for the keys of docs/compatibility/compose.md.

import { probeDefaults } from '../app/probe.ts'
import type { App, ImageSource, Port, Probe, Service } from '../app/types.ts'
import { type Diagnostic, hasErrors, type Parsed } from '../text/diagnostic.ts'
import { readYaml, type YamlNode } from '../text/yaml.ts'
import { checkDependencies, checkPublishedPorts } from './check.ts'
import { laterTop } from './keys.ts'
import { mergeService } from './merge.ts'
import type { ComposeSource, RawHealthcheck, RawService } from './raw.ts'
import { badValue, readText } from './raw.ts'
import { readKeys } from './read-keys.ts'
import { readService } from './service.ts'

export interface ComposeFile {
  /** Path in the repository. */
  readonly file: string
  readonly text: string
}

export interface ComposeOptions {
  /** Variables for interpolation, and for `environment` entries without a value. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * The app that one or more compose files describe, later files over earlier ones. Every finding of every file at once.
 * Build contexts are relative to the first file's folder, and come out relative to the repository's root.
 */
export function loadCompose(files: readonly ComposeFile[], options: ComposeOptions): Parsed<App> {
  const diagnostics: Diagnostic[] = []
  const merged = new Map<string, RawService>()
  for (const { file, text } of files) {
    const reader = readYaml(file, text, 'compose')
    for (const service of readFile({ reader, env: options.env })) {
      const before = merged.get(service.name)
      merged.set(service.name, before ? mergeService(before, service) : service)
    }
    diagnostics.push(...reader.diagnostics)
  }
  const raw = [...merged.values()]
  const folder = files[0]?.file.includes('/') ? files[0].file.replace(/\/[^/]*$/, '') : ''
  const services = raw.flatMap((one) => finishService(one, folder, diagnostics) ?? [])
  diagnostics.push(...checkDependencies(raw), ...checkPublishedPorts(raw))
  return hasErrors(diagnostics) ? { diagnostics } : { value: { services }, diagnostics }
}

function readFile(source: ComposeSource): readonly RawService[] {
  const { reader } = source
  const services: RawService[] = []
  if (reader.kind(reader.root) === 'empty') {
    reader.report(reader.root, 'compose-empty', 'The file is empty: it needs services.')
    return services
  }
  readKeys(source, reader.root, {
    where: 'the file',
    later: laterTop,
    known: {
      name: (node) => void readText(source, node, 'name'),
      version: (_, keyNode) => reader.warn(keyNode, 'compose-obsolete', 'version is obsolete and ignored: remove it.'),
      services: (node) => services.push(...readServices(source, node)),
    },
  })
  return services
}

function readServices(source: ComposeSource, node: YamlNode): readonly RawService[] {
  return (source.reader.entries(node, 'services') ?? []).flatMap((entry) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(entry.key)) {
      return badValue(source, entry.keyNode, `"${entry.key}" can't be the name of a service: use letters, digits, ".", "_" and "-".`) ?? []
    }
    return [readService(source, entry)]
  })
}

/** Docker's own default (docs.docker.com/reference/compose-file/services/#stop_grace_period). */
const defaultGraceMs = 10_000

function finishService(raw: RawService, folder: string, diagnostics: Diagnostic[]): Service | undefined {
  const image = imageOf(raw, folder)
  if (typeof image === 'string') {
    diagnostics.push({ severity: 'error', code: 'compose-no-image', message: image, at: raw.at })
    return undefined
  }
  const published = (raw.ports ?? []).map((port) => port.value)
  const exposed = (raw.expose ?? []).filter((port) => !published.some((one) => one.target === port.target))
  const ports = [...published, ...exposed]
  const ready = probeOf(raw.healthcheck, ports)
  return {
    name: raw.name,
    image,
    ...(raw.command ? { command: raw.command } : {}),
    ...(raw.entrypoint ? { entrypoint: raw.entrypoint } : {}),
    environment: raw.environment ?? {},
    ports,
    ...(ready ? { ready } : {}),
    dependsOn: Object.entries(raw.dependsOn ?? {}).map(([service, condition]) => ({ service, condition: condition.value })),
    replicas: raw.replicas ?? 1,
    stopGraceMs: raw.stopGraceMs ?? defaultGraceMs,
  }
}

/** The image's source, or what is wrong with it. */
function imageOf({ name, image, build }: RawService, folder: string): ImageSource | string {
  if (!build) return image === undefined ? `services.${name} has neither image nor build: nothing says what it runs.` : { kind: 'image', reference: image }
  const context = joinPath(folder, build.context ?? '.')
  if (context === undefined) return `services.${name}.build leads out of the repository.`
  const { target } = build
  return {
    kind: 'build',
    context,
    dockerfile: build.dockerfile ?? 'Dockerfile',
    ...(target === undefined ? {} : { target }),
    ...(image === undefined ? {} : { image }),
  }
}

/** A check that is switched off stands for a plain connection, so that the image's own is not used either. */
function probeOf(healthcheck: RawHealthcheck | undefined, ports: readonly Port[]): Probe | undefined {
  if (!healthcheck) return undefined
  const { check, disable, intervalMs, timeoutMs, retries, startPeriodMs } = healthcheck
  const times = {
    intervalMs: intervalMs ?? probeDefaults.intervalMs,
    timeoutMs: timeoutMs ?? probeDefaults.timeoutMs,
    retries: retries ?? probeDefaults.retries,
    startPeriodMs: startPeriodMs ?? probeDefaults.startPeriodMs,
  }
  const port = ports[0]?.target
  if (disable === true || check === 'none') return port === undefined ? undefined : { check: { kind: 'tcp', port }, ...times, intervalMs: 1000 }
  return check === undefined ? undefined : { check, ...times }
}

/** A path below the repository's root; undefined when it leads out of it. */
function joinPath(folder: string, path: string): string | undefined {
  const parts: string[] = []
  for (const part of `${folder}/${path}`.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.join('/') || '.'
}
