// Who listens on a port: for the sentence about a port that is taken. Linux only; elsewhere nobody is named.

import { readdir, readFile, readlink } from 'node:fs/promises'

/** `nginx (pid 812)`, or `undefined` when it can't be found out with this user's rights. */
export async function findPortOwner(port: number): Promise<string | undefined> {
  const inodes = new Set([...(await listeningInodes('/proc/net/tcp', port)), ...(await listeningInodes('/proc/net/tcp6', port))])
  if (inodes.size === 0) return undefined
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (/^\d+$/.test(pid) && (await holdsSocket(pid, inodes))) {
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program')
      return `${name.trim()} (pid ${pid})`
    }
  }
  return undefined
}

async function listeningInodes(file: string, port: number): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const found: string[] = []
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    // Field 1 is ADDRESS:PORT in hexadecimal, field 3 the state (0A = listening), field 9 the inode.
    if (fields[3] === '0A' && fields[1]?.endsWith(`:${wanted}`) && fields[9] !== undefined) found.push(fields[9])
  }
  return found
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const link = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
    if (inode !== undefined && inodes.has(inode)) return true
  }
  return false
}
