// What people see of a container: its command, ports, age, health, as Docker writes them. Pure but for the clock.

import type { ContainerSummary } from '../../util/engine-api/index.ts'

const shownCommand = 20

/** `"redis-server --prot…"`. */
export function commandText({ Command: command }: ContainerSummary, truncate: boolean): string {
  return `"${truncate && command.length > shownCommand ? `${command.slice(0, shownCommand - 1)}…` : command}"`
}

/** `healthy`, `unhealthy`, `starting`; empty when there is no check. */
export function healthOf({ Status: status }: ContainerSummary): string {
  const [, word = ''] = /\((healthy|unhealthy|health: starting)\)/.exec(status) ?? []
  return word.replace('health: ', '')
}

/** `3 minutes ago`. */
export function createdAgo({ Created: created }: ContainerSummary, now = Date.now()): string {
  return `${ageText(now / 1000 - created)} ago`
}

/** A length of time in Docker's words (github.com/docker/go-units). */
export function ageText(exact: number): string {
  const seconds = Math.floor(exact)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.round(exact / 3600)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(hours / 24 / 365)} years`
}

type PortEntry = NonNullable<ContainerSummary['Ports']>[number]

function sortedPorts({ Ports: ports = [] }: ContainerSummary): readonly PortEntry[] {
  return ports.toSorted((a, b) => a.PrivatePort - b.PrivatePort || inBytes(a.IP ?? '', b.IP ?? '') || (a.PublicPort ?? 0) - (b.PublicPort ?? 0))
}

function inBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** `6379/tcp, 127.0.0.1:8080->80/tcp`. */
export function portsText(summary: ContainerSummary): string {
  return sortedPorts(summary)
    .map(({ IP: ip = '', PrivatePort: target, PublicPort: published, Type: type }) =>
      published === undefined ? `${target}/${type}` : `${ip.includes(':') ? `[${ip}]` : ip}:${published}->${target}/${type}`,
    )
    .join(', ')
}

/** The same, as `ps --format json` has it. */
export function publishers(summary: ContainerSummary): readonly object[] {
  return sortedPorts(summary).map(({ IP: ip = '', PrivatePort: target, PublicPort: published = 0, Type: type }) => ({
    URL: ip,
    TargetPort: target,
    PublishedPort: published,
    Protocol: type,
  }))
}
