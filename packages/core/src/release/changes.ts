// What a release changes, in words for people. Values whose names look secret are never shown.

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
  return [...services, ...secrets]
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
    replicas: String(replicas),
    'stop grace': `${stopGraceMs / 1000} s`,
  }
}

function describePort({ target, published, host, protocol }: Port): string {
  const inside = `${target}${protocol === 'tcp' ? '/tcp' : ''}`
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
