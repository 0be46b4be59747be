// `options` of a container: the flags of `docker create`, as members of the Engine API. Pure.
// Follows https://docs.docker.com/reference/cli/docker/container/create/ and https://docs.docker.com/reference/api/engine/

import { splitWords } from '../split-words.ts'

/** What the flags say, in the API's words. */
export interface CreateOptions {
  readonly config: Record<string, unknown>
  readonly host: Record<string, unknown>
  readonly health: Record<string, unknown>
  readonly env: Record<string, string>
  readonly volumes: string[]
  readonly ports: string[]
  readonly aliases: string[]
  /** Flags that reach beyond the container: `--privileged`. */
  readonly reaching: string[]
  /** `name` and `platform` of the container itself. */
  readonly own: Record<string, unknown>
}

type Apply = (to: CreateOptions, value: string) => unknown

type Read = (value: string) => unknown
type Part = 'config' | 'host' | 'health'

const asItIs: Read = (value) => value

function put(record: Record<string, unknown>, key: string, value: unknown): void {
  record[key] = value
}

/** Sets a member. */
function set(part: Part, key: string, read: Read = asItIs): Apply {
  return (to, value) => put(to[part], key, read(value))
}

/** Adds to a member that is a list. */
function append(key: string, read: Read = asItIs): Apply {
  return (to, value) => put(to.host, key, [...((to.host[key] as unknown[] | undefined) ?? []), read(value)])
}

/** Adds to a member that is a map. */
function addPair(part: Part, key: string, separator = '='): Apply {
  return (to, value) => {
    const [name, rest] = pair(value, separator)
    put(to[part], key, { ...(to[part][key] as object | undefined), [name]: rest })
  }
}

/** It reaches beyond the container. */
function reaching(flag: string, apply: Apply): Apply {
  return (to, value) => {
    to.reaching.push(flag)
    apply(to, value)
  }
}

function config(key: string, read?: Read): Apply {
  return set('config', key, read)
}

function host(key: string, read?: Read): Apply {
  return set('host', key, read)
}

function logDriver(to: CreateOptions, type: string): void {
  put(to.host, 'LogConfig', { ...(to.host.LogConfig as object | undefined), Type: type })
}

function logOption(to: CreateOptions, value: string): void {
  const before = to.host.LogConfig as { readonly Config?: object } | undefined
  const [name, rest] = pair(value, '=')
  put(to.host, 'LogConfig', { Type: 'json-file', ...before, Config: { ...before?.Config, [name]: rest } })
}

function expose(to: CreateOptions, value: string): void {
  put(to.config, 'ExposedPorts', { ...(to.config.ExposedPorts as object | undefined), [value.includes('/') ? value : `${value}/tcp`]: {} })
}

function gpus(value: string): object {
  return { Driver: '', Count: value === 'all' ? -1 : Number(value), Capabilities: [['gpu']] }
}

function restartPolicy(value: string): object {
  const [name, count] = pair(value, ':')
  return { Name: name, MaximumRetryCount: Number(count || 0) }
}

/** Those with a value. */
const valued: Readonly<Record<string, Apply>> = {
  '--add-host': append('ExtraHosts'),
  '--cap-add': reaching('--cap-add', append('CapAdd')),
  '--cap-drop': append('CapDrop'),
  '--cgroup-parent': reaching('--cgroup-parent', host('CgroupParent')),
  '--cgroupns': reaching('--cgroupns', host('CgroupnsMode')),
  '--cpu-period': host('CpuPeriod', Number),
  '--cpu-quota': host('CpuQuota', Number),
  '--cpu-shares': host('CpuShares', Number),
  '--cpus': host('NanoCpus', (value) => Math.round(Number(value) * 1e9)),
  '--cpuset-cpus': host('CpusetCpus'),
  '--cpuset-mems': host('CpusetMems'),
  '--device': reaching('--device', append('Devices', device)),
  '--dns': append('Dns'),
  '--dns-option': append('DnsOptions'),
  '--dns-search': append('DnsSearch'),
  '--domainname': config('Domainname'),
  '--env': (to, value) => put(to.env, ...pair(value, '=')),
  '--expose': expose,
  '--gpus': reaching('--gpus', append('DeviceRequests', gpus)),
  '--group-add': append('GroupAdd'),
  '--health-cmd': set('health', 'Test', (value) => ['CMD-SHELL', value]),
  '--health-interval': set('health', 'Interval', nanoseconds),
  '--health-retries': set('health', 'Retries', Number),
  '--health-start-period': set('health', 'StartPeriod', nanoseconds),
  '--health-timeout': set('health', 'Timeout', nanoseconds),
  '--hostname': config('Hostname'),
  '--ipc': reaching('--ipc', host('IpcMode')),
  '--label': addPair('config', 'Labels'),
  '--log-driver': logDriver,
  '--log-opt': logOption,
  '--memory': host('Memory', bytes),
  '--memory-reservation': host('MemoryReservation', bytes),
  '--memory-swap': host('MemorySwap', (value) => (value === '-1' ? -1 : bytes(value))),
  '--name': (to, value) => put(to.own, 'name', value),
  '--network-alias': (to, value) => to.aliases.push(value),
  '--oom-score-adj': reaching('--oom-score-adj', host('OomScoreAdj', Number)),
  '--pid': reaching('--pid', host('PidMode')),
  '--pids-limit': host('PidsLimit', Number),
  '--platform': (to, value) => put(to.own, 'platform', value),
  '--publish': (to, value) => to.ports.push(value),
  '--restart': host('RestartPolicy', restartPolicy),
  '--runtime': reaching('--runtime', host('Runtime')),
  '--security-opt': reaching('--security-opt', append('SecurityOpt')),
  '--shm-size': host('ShmSize', bytes),
  '--stop-signal': config('StopSignal'),
  '--stop-timeout': config('StopTimeout', Number),
  '--storage-opt': addPair('host', 'StorageOpt'),
  '--sysctl': reaching('--sysctl', addPair('host', 'Sysctls')),
  '--tmpfs': addPair('host', 'Tmpfs', ':'),
  '--ulimit': append('Ulimits', ulimit),
  '--user': config('User'),
  '--userns': reaching('--userns', host('UsernsMode')),
  '--uts': reaching('--uts', host('UTSMode')),
  '--volume': (to, value) => to.volumes.push(value),
  '--volumes-from': reaching('--volumes-from', append('VolumesFrom')),
  '--workdir': config('WorkingDir'),
}

const plain: Readonly<Record<string, (to: CreateOptions) => unknown>> = {
  '--init': (to) => put(to.host, 'Init', true),
  '--interactive': (to) => put(to.config, 'OpenStdin', true),
  '--no-healthcheck': (to) => put(to.health, 'Test', ['NONE']),
  '--oom-kill-disable': (to) => put(to.host, 'OomKillDisable', true),
  '--privileged': (to) => {
    to.reaching.push('--privileged')
    put(to.host, 'Privileged', true)
  },
  '--publish-all': (to) => put(to.host, 'PublishAllPorts', true),
  '--read-only': (to) => put(to.host, 'ReadonlyRootfs', true),
  '--rm': () => undefined,
  '--tty': (to) => put(to.config, 'Tty', true),
}

const short: Readonly<Record<string, string>> = {
  '-c': '--cpu-shares',
  '-e': '--env',
  '-h': '--hostname',
  '-i': '--interactive',
  '-l': '--label',
  '-m': '--memory',
  '-p': '--publish',
  '-P': '--publish-all',
  '-t': '--tty',
  '-u': '--user',
  '-v': '--volume',
  '-w': '--workdir',
}

/** @throws Error with a sentence that names the flag which is not carried */
export function readOptions(text: string): CreateOptions {
  const options: CreateOptions = { own: {}, config: {}, host: {}, health: {}, env: {}, volumes: [], ports: [], aliases: [], reaching: [] }
  const words = [...splitWords(text)]
  while (words.length > 0) {
    const word = words.shift() as string
    const [flag, given] = flagOf(word)
    const apply = valued[flag]
    const switched = plain[flag]
    if (switched) {
      if (given !== 'false') switched(options)
    } else if (apply) {
      const value = given ?? words.shift()
      if (value === undefined) throw new Error(`the option ${flag} has no value`)
      apply(options, value)
    } else throw new Error(`the option ${flag} is not carried`)
  }
  return options
}

/** `--flag=value`, `-fvalue`, `--flag`. */
function flagOf(word: string): readonly [flag: string, value: string | undefined] {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=')
    return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)]
  }
  const flag = short[word.slice(0, 2)] ?? word
  const rest = word.slice(2).replace(/^=/, '')
  return [flag, rest === '' ? undefined : rest]
}

function pair(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function bytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)b?$/i.exec(text)
  if (!match) throw new Error(`"${text}" is no size`)
  return Math.round(Number(match[1]) * 1024 ** 'bkmgt'.indexOf((match[2] || 'b').toLowerCase()))
}

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

function nanoseconds(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) throw new Error(`"${text}" is no time such as 10s`)
  return Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit as string] ?? 0), 0))
}

function ulimit(text: string): object {
  const [name, limits] = pair(text, '=')
  const [soft, hard] = pair(limits, ':')
  return { Name: name, Soft: Number(soft), Hard: Number(hard || soft) }
}

function device(text: string): object {
  const [from = '', to, mode] = text.split(':')
  return { PathOnHost: from, PathInContainer: to || from, CgroupPermissions: mode || 'rwm' }
}
