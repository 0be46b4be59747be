// Probes: which check tells that an instance is ready, from pushway.yml, the files, the image, or the defaults.

import type { ServiceHints } from '../project/types.ts'
import type { Probe, Service } from './types.ts'

/** Docker's defaults for a health check (docs.docker.com/reference/dockerfile/#healthcheck), but asked more often: a rollout waits for it. */
export const probeDefaults = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 } as const

const quick = { intervalMs: 1_000, timeoutMs: 5_000, retries: 3, startPeriodMs: 10_000 } as const

/** The ready and live probes that a release writes down: pushway.yml's words over the files' own. Absent: the image's or the default. */
export function probesFor(
  service: Pick<Service, 'ready' | 'live' | 'ports'>,
  hints: ServiceHints | undefined,
): { readonly ready?: Probe; readonly live?: Probe } {
  const port = hints?.port ?? service.ports[0]?.target
  const http = (path: string | undefined): Probe | undefined =>
    path === undefined || port === undefined ? undefined : { check: { kind: 'http', path, port }, ...quick }
  const ready = http(hints?.ready ?? hints?.health) ?? service.ready
  const live = http(hints?.health) ?? service.live
  return { ...(ready ? { ready } : {}), ...(live ? { live } : {}) }
}

/**
 * The same check without a program where that is possible: `curl -f http://localhost:PORT/path` and `wget … URL` become HTTP
 * probes, so that it works where these programs are not installed. Anything else stays the command it is.
 */
export function simplifyCheck(check: Probe['check']): Probe['check'] {
  const words = check.kind === 'command' ? check.argv : check.kind === 'shell' ? shellWords(check.line) : undefined
  const program = words?.[0]?.split('/').at(-1)
  if (!words || (program !== 'curl' && program !== 'wget')) return check
  const { urls, understood } = program === 'curl' ? readCurl(words.slice(1)) : readWget(words.slice(1))
  const [url] = urls
  const parts =
    url === undefined || urls.length !== 1 || !understood ? null : /^(?:http:\/\/)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::(\d{1,5}))?(\/[^\s#]*)?$/.exec(url)
  if (!parts) return check
  return { kind: 'http', port: Number(parts[1] ?? 80), path: parts[2] ?? '/' }
}

/** Plain words of a line like `curl -f URL || exit 1`; undefined when a shell is really needed. */
function shellWords(line: string): readonly string[] | undefined {
  const plain = line.replace(/\s*\|\|\s*(exit 1|false)\s*;?\s*$/, '').trim()
  if (/[|&;<>$`\\*?(){}!]/.test(plain)) return undefined
  return plain.split(/\s+/).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'))
}

interface Fetch {
  readonly urls: readonly string[]
  readonly understood: boolean
}

/** Without -f curl succeeds on every answer: such a check means something else. */
function readCurl(words: readonly string[]): Fetch {
  const quiet = /^(-[fsSL]+|--fail|--silent|--show-error|--location)$/
  const urls = words.filter((word) => !word.startsWith('-'))
  const options = words.filter((word) => word.startsWith('-'))
  const fails = options.some((word) => word === '--fail' || /^-[sSL]*f/.test(word))
  return { urls, understood: fails && options.every((word) => quiet.test(word)) }
}

function readWget(words: readonly string[]): Fetch {
  const quiet = /^(-q|-nv|--quiet|--no-verbose|--spider|--tries=1|-O-|-qO-)$/
  const rest = words.filter((word, index) => !(word === '/dev/null' || word === '-') || !/^-q?O$/.test(words[index - 1] ?? ''))
  const urls = rest.filter((word) => !word.startsWith('-'))
  return { urls, understood: rest.filter((word) => word.startsWith('-')).every((word) => quiet.test(word) || /^-q?O$/.test(word)) }
}

/** The probe in words, for differences and views: `GET /ready on 3000`. */
export function describeProbe(probe: Probe): string {
  const { check } = probe
  switch (check.kind) {
    case 'http':
      return `GET ${check.path} on ${check.port}`
    case 'tcp':
      return `connect to ${check.port}`
    case 'command':
      return check.argv.join(' ')
    case 'shell':
      return check.line
  }
}
