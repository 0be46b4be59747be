// Health commands that only fetch a page of the service itself become HTTP probes: no curl is needed, and none is started.

import type { Probe } from '@pushway/core/app/types.ts'

/** The same probe, simpler where its command is a plain `curl` or `wget` of the service's own port. */
export function simplifyProbe(probe: Probe): Probe {
  const { check } = probe
  if (check.kind !== 'command' && check.kind !== 'shell') return probe
  const line = check.kind === 'shell' ? check.line : check.argv.join(' ')
  const found = fetchedPage(line)
  return found === undefined ? probe : { ...probe, check: { kind: 'http', ...found } }
}

/** The port and path that a line like `curl -f http://localhost:3000/health || exit 1` asks for; undefined when it does more. */
export function fetchedPage(line: string): { readonly port: number; readonly path: string } | undefined {
  const plain = line
    .trim()
    .replace(/\s*\|\|\s*exit\s+1\s*;?$/, '')
    .replace(/\s*(>\s*\/dev\/null)?\s*(2>&1|2>\s*\/dev\/null)?$/, '')
  const words = plain.split(/\s+/).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'))
  const [program, ...args] = words
  if (program !== 'curl' && program !== 'wget') return undefined
  const urls = args.filter((word) => !word.startsWith('-') && word !== '/dev/null')
  const flags = args.filter((word) => word.startsWith('-'))
  const url = urls[0]
  // Anything that changes the request, or the meaning of the exit code, stays a command.
  if (urls.length !== 1 || url === undefined || !flags.every((flag) => harmless[program].test(flag))) return undefined
  // curl fails on an error status only when it is told to.
  if (program === 'curl' && !flags.some((flag) => /^(-[a-zA-Z]*f|--fail)/.test(flag))) return undefined
  const match = /^(?:http:\/\/)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(\/[^\s"'$`;|&<>]*)?$/.exec(url)
  return match ? { port: Number(match[1] ?? 80), path: match[2] ?? '/' } : undefined
}

const harmless = {
  curl: /^(-[fsSLkoi]+|--fail|--silent|--show-error|--location|--output)$/,
  wget: /^(-q|-nv|-qO-|-O-|-O|--quiet|--spider|--no-verbose|--tries=\d+|-qO|-S)$/,
} as const
