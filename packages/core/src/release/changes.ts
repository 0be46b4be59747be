// What a release changes, in words for people. Values whose names look secret are never shown.

import type { Mount } from '../app/parts.ts'
import { describeProbe } from '../app/probe.ts'
import type { Port } from '../app/types.ts'
import { shortDigest } from '../text/ids.ts'
import type { Release, ReleaseChange, ReleasedService } from './types.ts'

const secretName = /secret|passw|passphrase|token|credential|private|api_?key|access_?key|encryption_?key|signing_?key|auth|_key$|^key$|dsn/i
/** User information in an address: `postgres://user:password@host`. */
const inAddress = /\/\/[^/\s:@]*:[^/\s@]*@/g

/** The differences by service and field, services in order of name; the first release is one line per service. */
export function releaseChanges(before: Release | undefined, after: Release): ReleaseChange[] {
  const old = new Map((before?.services ?? []).map((service) => [service.name, service]))
  const fresh = new Map(after.services.map((service) => [service.name, service]))
  const names = [...new Set([...old.keys(), ...fresh.keys()])].sort()
  const services = names.flatMap((name) => serviceChanges(name, old.get(name), fresh.get(name)))
  const secrets = mapChanges('*', 'secret', {
    before: mapValues(before?.secretVersions ?? {}, (version) => `version ${version}`),
    after: mapValues(after.secretVersions, (version) => `version ${version}`),
  })
  const shared = mapChanges('*', '', { before: describeShared(before), after: describeShared(after) })
  return [...services, ...shared, ...secrets]
}

/** Networks, volumes, configs and secrets by kind and key. */
function describeShared(release: Release | undefined): Readonly<Record<string, string>> {
  const { networks = {}, volumes = {}, configs = {}, secrets = {} } = release?.shared ?? {}
  const parts = Object.entries({ network: networks, volume: volumes, config: configs, 'secret file': secrets })
  return Object.fromEntries(
    parts.flatMap(([kind, all]) => Object.entries(all).map(([key, part]) => [`${kind} ${key}`, describeObject('', withoutContent(part)).slice(2, -1)])),
  )
}

/** A file's content may be secret: that it changed is told by its length and place. */
function withoutContent(part: object): object {
  return 'source' in part && typeof part.source === 'object' && part.source !== null && ('content' in part.source || 'value' in part.source)
    ? { ...part, source: { ...part.source, content: undefined, value: undefined } }
    : part
}

function serviceChanges(name: string, old: ReleasedService | undefined, fresh: ReleasedService | undefined): ReleaseChange[] {
  if (!old || !fresh) {
    const words = (service: ReleasedService) => `${service.image.repository}@${shortDigest(service.image.digest)}, ${service.replicas} replicas`
    return [{ service: name, field: 'service', ...(old ? { before: words(old) } : {}), ...(fresh ? { after: words(fresh) } : {}) }]
  }
  return [
    ...mapChanges(name, '', { before: describeService(old, fresh), after: describeService(fresh, old) }),
    ...mapChanges(name, 'environment', { before: old.environment, after: fresh.environment }),
  ]
}

/** The fields of a service as one line each. The repository is named only where it changes too. */
function describeService(service: ReleasedService, other: ReleasedService): Readonly<Record<string, string>> {
  const { image, command, entrypoint, ports, ready, live, dependsOn, replicas, stopGraceMs } = service
  const digest = shortDigest(image.digest)
  return {
    image: image.repository === other.image.repository ? digest : `${image.repository}@${digest}`,
    ...(entrypoint ? { entrypoint: words(entrypoint) } : {}),
    ...(command ? { command: words(command) } : {}),
    ...(ports.length > 0 ? { ports: ports.map(describePort).join(', ') } : {}),
    ...(ready ? { ready: `${describeProbe(ready)} every ${ready.intervalMs / 1000} s, ${ready.retries} tries` } : {}),
    ...(live ? { health: `${describeProbe(live)} every ${live.intervalMs / 1000} s, ${live.retries} tries` } : {}),
    ...(dependsOn.length > 0 ? { 'depends on': dependsOn.map((one) => `${one.service} (${one.condition})`).join(', ') } : {}),
    ...describeMore(service),
    replicas: String(replicas),
    'stop grace': `${stopGraceMs / 1000} s`,
  }
}

/** What compose adds to a service, a field a line. */
function describeMore({ mounts = [], networks, restart, resources, container, mode }: ReleasedService): Readonly<Record<string, string>> {
  return {
    ...(mounts.length > 0 ? { mounts: mounts.map(describeMount).join(', ') } : {}),
    ...(networks ? { networks: networks.map(({ network, ...rest }) => describeObject(network, rest)).join(', ') } : {}),
    ...(restart ? { restart: describeObject('', restart).slice(2, -1) } : {}),
    ...(resources ? { resources: describeObject('', resources).slice(2, -1) } : {}),
    ...(container ? { container: describeObject('', container).slice(2, -1) } : {}),
    ...(mode ? { mode } : {}),
  }
}

/** `data → /var/lib/data (read-only)`; a project's file with what pins it. */
function describeMount(mount: Mount): string {
  const from = {
    volume: () => (mount.kind === 'volume' ? (mount.volume ?? 'its own volume') : ''),
    bind: () => (mount.kind === 'bind' ? mount.path + (mount.object === undefined ? '' : `@${mount.object.slice(0, 12)}`) : ''),
    tmpfs: () => 'memory',
    image: () => (mount.kind === 'image' ? mount.image : ''),
    file: () => (mount.kind === 'file' ? `${mount.from} ${mount.source}` : ''),
  }[mount.kind]()
  return `${from} → ${mount.target}${'readOnly' in mount && mount.readOnly ? ' (read-only)' : ''}`
}

function describeObject(name: string, value: object): string {
  const members = Object.entries(value).map(([key, member]) => `${key} ${typeof member === 'object' ? JSON.stringify(member) : String(member)}`)
  return members.length === 0 ? name : `${name} (${members.join(', ')})`
}

function describePort({ target, published, host, protocol }: Port): string {
  const inside = `${target}${protocol === 'http' ? '' : `/${protocol}`}`
  return published === undefined ? inside : `${host === undefined ? '' : `${host}:`}${published} → ${inside}`
}

function words(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')
}

interface Sides {
  readonly before: Readonly<Record<string, string>>
  readonly after: Readonly<Record<string, string>>
}

function mapChanges(service: string, prefix: string, { before, after }: Sides): ReleaseChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return keys
    .filter((key) => before[key] !== after[key])
    .map((key) => ({
      service,
      field: prefix === '' ? key : `${prefix}.${key}`,
      ...(before[key] === undefined ? {} : { before: shown(prefix, key, before[key]) }),
      ...(after[key] === undefined ? {} : { after: shown(prefix, key, after[key]) }),
    }))
}

function shown(prefix: string, key: string, value: string): string {
  if (prefix !== 'environment') return value
  return secretName.test(key) ? '(not shown)' : value.replace(inAddress, '//(not shown)@')
}

function mapValues(map: Readonly<Record<string, number>>, say: (value: number) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, say(value)]))
}
