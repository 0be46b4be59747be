// One service of one compose file, key by key.

import { simplifyCheck } from '../app/probe.ts'
import type { Probe } from '../app/types.ts'
import type { Located } from '../text/diagnostic.ts'
import { parseDuration } from '../text/duration.ts'
import type { Milliseconds } from '../text/ids.ts'
import type { Mutable } from '../text/mutable.ts'
import type { YamlEntry, YamlNode } from '../text/yaml.ts'
import { laterBuild, laterDeploy, laterHealthcheck, laterService } from './keys.ts'
import { readExpose, readPorts } from './ports.ts'
import { badValue, type ComposeSource, interpolated, notYet, type RawBuild, type RawHealthcheck, type RawService, readNumber, readText } from './raw.ts'
import { readKeys } from './read-keys.ts'
import { splitWords } from './words.ts'

/** `services.NAME`; what is wrong are findings, and the rest is read all the same. */
export function readService(source: ComposeSource, entry: YamlEntry): RawService {
  const where = `services.${entry.key}`
  const service: Mutable<RawService> = { name: entry.key, at: source.reader.at(entry.keyNode) }
  function keep<K extends keyof RawService>(key: K, value: RawService[K] | undefined): void {
    if (value !== undefined) service[key] = value
  }
  readKeys(source, entry.node, {
    where,
    later: laterService,
    known: {
      image: (node) => keep('image', readImage(source, node, `${where}.image`)),
      build: (node) => keep('build', readBuild(source, node, `${where}.build`)),
      command: (node) => keep('command', readArguments(source, node, `${where}.command`)),
      entrypoint: (node) => keep('entrypoint', readArguments(source, node, `${where}.entrypoint`)),
      environment: (node) => keep('environment', readEnvironment(source, node, `${where}.environment`)),
      ports: (node) => keep('ports', readPorts(source, node, `${where}.ports`)),
      expose: (node) => keep('expose', readExpose(source, node, `${where}.expose`)),
      healthcheck: (node) => keep('healthcheck', readHealthcheck(source, node, `${where}.healthcheck`)),
      depends_on: (node) => keep('dependsOn', readDependsOn(source, node, `${where}.depends_on`)),
      deploy: (node) =>
        readKeys(source, node, {
          where: `${where}.deploy`,
          later: laterDeploy,
          known: { replicas: (value) => keep('replicas', readReplicas(source, value, `${where}.deploy.replicas`)) },
        }),
      stop_grace_period: (node) => keep('stopGraceMs', readTime(source, node, `${where}.stop_grace_period`)),
    },
  })
  return service
}

function readImage(source: ComposeSource, node: YamlNode, what: string): string | undefined {
  const image = readText(source, node, what)
  if (image === undefined) return undefined
  const fits = /^[A-Za-z0-9][\w.:/-]*(@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/.test(image)
  return fits ? image : badValue(source, node, `${what} must be an image such as redis:7 or ghcr.io/acme/hello, not "${image}".`)
}

function readBuild(source: ComposeSource, node: YamlNode, where: string): RawBuild | undefined {
  if (source.reader.kind(node) === 'scalar') {
    const context = readContext(source, node, where)
    return context === undefined ? undefined : { context }
  }
  const build: Mutable<RawBuild> = {}
  readKeys(source, node, {
    where,
    later: laterBuild,
    known: {
      context: (value) => Object.assign(build, dropUndefined({ context: readContext(source, value, `${where}.context`) })),
      dockerfile: (value) => Object.assign(build, dropUndefined({ dockerfile: readText(source, value, `${where}.dockerfile`) })),
      target: (value) => Object.assign(build, dropUndefined({ target: readText(source, value, `${where}.target`) })),
    },
  })
  return build
}

function readContext(source: ComposeSource, node: YamlNode, what: string): string | undefined {
  const context = readText(source, node, what)
  if (context === undefined) return undefined
  if (/^(\w+:\/\/|git@)/.test(context)) return notYet(source, node, `${what}: a remote build context`)
  if (context.startsWith('/') || context.startsWith('~') || context.startsWith('-')) {
    return badValue(source, node, `${what} must be a folder of the repository, not "${context}".`)
  }
  return context
}

/** Text is split into words as compose does; no shell is involved. */
function readArguments(source: ComposeSource, node: YamlNode, what: string): readonly string[] | undefined {
  if (source.reader.kind(node) === 'scalar') {
    const text = readText(source, node, what)
    if (text === undefined) return undefined
    return splitWords(text) ?? badValue(source, node, `${what} has a quote that is not closed.`)
  }
  return (source.reader.items(node, what) ?? []).flatMap((item, index) => readText(source, item, `${what}[${index}]`) ?? [])
}

function readEnvironment(source: ComposeSource, node: YamlNode, what: string): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {}
  function add(at: YamlNode, name: string, value: string | undefined): void {
    // Names that hold "=" or nothing can't be variables of a process.
    if (name === '' || /[=\0]/.test(name)) badValue(source, at, `${what} has a variable without a proper name: "${name}".`)
    else if (value !== undefined) environment[name] = value
    else if (Object.hasOwn(source.env, name)) environment[name] = source.env[name] ?? ''
  }
  if (source.reader.kind(node) === 'list') {
    for (const [index, item] of (source.reader.items(node, what) ?? []).entries()) {
      const text = readText(source, item, `${what}[${index}]`)
      if (text === undefined) continue
      const equals = text.indexOf('=')
      add(item, equals < 0 ? text : text.slice(0, equals), equals < 0 ? undefined : text.slice(equals + 1))
    }
    return environment
  }
  for (const entry of source.reader.entries(node, what) ?? []) {
    const value = source.reader.kind(entry.node) === 'empty' ? null : source.reader.scalar(entry.node, `${what}.${entry.key}`)
    if (value === undefined) continue
    add(entry.keyNode, entry.key, value === null ? undefined : typeof value === 'string' ? interpolated(source, entry.node, value) : String(value))
  }
  return environment
}

function readHealthcheck(source: ComposeSource, node: YamlNode, where: string): RawHealthcheck {
  const check: Mutable<RawHealthcheck> = {}
  const time = (key: 'intervalMs' | 'timeoutMs' | 'startPeriodMs', name: string) => (value: YamlNode) =>
    Object.assign(check, dropUndefined({ [key]: readTime(source, value, `${where}.${name}`) }))
  readKeys(source, node, {
    where,
    later: laterHealthcheck,
    known: {
      test: (value) => Object.assign(check, dropUndefined({ check: readTest(source, value, `${where}.test`) })),
      interval: time('intervalMs', 'interval'),
      timeout: time('timeoutMs', 'timeout'),
      start_period: time('startPeriodMs', 'start_period'),
      retries: (value) => Object.assign(check, dropUndefined({ retries: readNumber(source, value, `${where}.retries`) })),
      disable: (value) => {
        const disable = readText(source, value, `${where}.disable`)
        if (disable === 'true' || disable === 'false') check.disable = disable === 'true'
        else if (disable !== undefined) badValue(source, value, `${where}.disable must be true or false.`)
      },
    },
  })
  return check
}

function readTest(source: ComposeSource, node: YamlNode, what: string): Probe['check'] | 'none' | undefined {
  if (source.reader.kind(node) === 'scalar') {
    const line = readText(source, node, what)
    return line === undefined ? undefined : simplifyCheck({ kind: 'shell', line })
  }
  const [kind, ...words] = (source.reader.items(node, what) ?? []).flatMap((item, index) => readText(source, item, `${what}[${index}]`) ?? [])
  if (kind === 'NONE') return 'none'
  if (kind === 'CMD' && words.length > 0) return simplifyCheck({ kind: 'command', argv: words })
  if (kind === 'CMD-SHELL' && words.length > 0) return simplifyCheck({ kind: 'shell', line: words.join(' ') })
  return badValue(source, node, `${what} must be text, or a list that begins with CMD, CMD-SHELL or NONE and has a command.`)
}

const conditions = { service_started: 'started', service_healthy: 'healthy', service_completed_successfully: 'completed' } as const

function readDependsOn(source: ComposeSource, node: YamlNode, where: string): NonNullable<RawService['dependsOn']> {
  const all: Record<string, Located<'started' | 'healthy' | 'completed'>> = {}
  if (source.reader.kind(node) === 'list') {
    for (const [index, item] of (source.reader.items(node, where) ?? []).entries()) {
      const name = readText(source, item, `${where}[${index}]`)
      if (name !== undefined) all[name] = { value: 'started', at: source.reader.at(item) }
    }
    return all
  }
  for (const entry of source.reader.entries(node, where) ?? []) {
    let condition: (typeof conditions)[keyof typeof conditions] = 'started'
    readKeys(source, entry.node, {
      where: `${where}.${entry.key}`,
      later: ['restart', 'required'],
      known: {
        condition: (value) => {
          const text = readText(source, value, `${where}.${entry.key}.condition`)
          const found = Object.entries(conditions).find(([name]) => name === text)
          if (found) condition = found[1]
          else if (text !== undefined)
            badValue(source, value, `${where}.${entry.key}.condition must be one of ${Object.keys(conditions).join(', ')}, not "${text}".`)
        },
      },
    })
    all[entry.key] = { value: condition, at: source.reader.at(entry.keyNode) }
  }
  return all
}

function readReplicas(source: ComposeSource, node: YamlNode, what: string): number | undefined {
  const replicas = readNumber(source, node, what)
  return replicas !== undefined && replicas > 1000 ? badValue(source, node, `${what} must be from 0 to 1000.`) : replicas
}

function readTime(source: ComposeSource, node: YamlNode, what: string): Milliseconds | undefined {
  const text = readText(source, node, what)
  if (text === undefined) return undefined
  return parseDuration(text) ?? badValue(source, node, `${what} must be a length of time such as 10s or 1m30s, not "${text}".`)
}

function dropUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Partial<T>
}
