// Finds out on which TCP ports an instance's processes really listen (Linux), for a better sentence than "not ready".

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { allPids, procStat } from './identity.ts'

/** Ports that any process of the session or family of `leader` listens on, ascending; undefined where the system does not tell. */
export function listeningPorts(leader: number): readonly number[] | undefined {
  if (process.platform !== 'linux') return undefined
  const sockets = new Set(familyOf(leader).flatMap(socketsOf))
  if (sockets.size === 0) return []
  const rows = ['tcp', 'tcp6'].flatMap((table) => listeningRows(readTable(`/proc/${leader}/net/${table}`)))
  return [...new Set(rows.filter((row) => sockets.has(row.inode)).map((row) => row.port))].sort((a, b) => a - b)
}

/** The listening sockets in the text of /proc/net/tcp or tcp6. */
export function listeningRows(table: string): readonly { readonly port: number; readonly inode: string }[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A')
    .map((fields) => ({ port: Number.parseInt(fields[1]?.split(':')[1] ?? '', 16), inode: fields[9] ?? '' }))
    .filter((row) => Number.isInteger(row.port))
}

function familyOf(leader: number): readonly number[] {
  const stats = allPids().flatMap((pid) => {
    const stat = procStat(pid)
    return stat ? [{ pid, ...stat }] : []
  })
  const family = new Set(stats.filter((s) => s.pid === leader || s.group === leader || s.session === leader).map((s) => s.pid))
  // Children that made a session of their own are found by their parents.
  for (let before = -1; before !== family.size; ) {
    before = family.size
    for (const s of stats) if (family.has(s.parent)) family.add(s.pid)
  }
  return [...family]
}

function socketsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function readTable(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
