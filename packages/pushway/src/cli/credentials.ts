// The file that `pushway login` writes: one token per server, for this user alone.

import { readFileSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import { writeFileAtomic } from '../util/files.ts'

const schema = z.object({
  /** The server that commands mean when none is named. */
  current: z.string().optional(),
  servers: z.record(z.string(), z.object({ user: z.string(), token: z.string() })),
})

export type Credentials = z.infer<typeof schema>

/** `~/.config/pushway/credentials.json`, or below `$XDG_CONFIG_HOME`. */
export function credentialsFile(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env.XDG_CONFIG_HOME
  const folder = xdg !== undefined && isAbsolute(xdg) ? xdg : join(env.HOME || homedir(), '.config')
  return join(folder, 'pushway', 'credentials.json')
}

/** What is kept; nothing when there is no file. @throws PushwayError `usage` when it can't be read or is none of ours */
export function readCredentials(file = credentialsFile()): Credentials {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return { servers: {} }
    throw fail('usage', {
      problem: `The file ${file} can't be read: ${code}.`,
      hint: 'Make it readable for you alone, or remove it and sign in again: pushway login.',
    })
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    throw fail('usage', { problem: `The file ${file} is not one that Pushway wrote.`, hint: 'Remove it and sign in again: pushway login.' })
  }
}

/** Replaces the file whole, readable for its owner alone; no server left: no file left. */
export function writeCredentials(credentials: Credentials, file = credentialsFile()): void {
  try {
    if (Object.keys(credentials.servers).length === 0) rmSync(file, { force: true })
    else writeFileAtomic(file, `${JSON.stringify(credentials, null, 2)}\n`, 0o600)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw fail('usage', {
      problem: `The file ${file} can't be written: ${code}.`,
      hint: 'Make its folder writable, or set PUSHWAY_URL and PUSHWAY_TOKEN instead.',
    })
  }
}

/** With the server's token added or replaced; it becomes the current one. */
export function addServer(credentials: Credentials, url: string, account: { readonly user: string; readonly token: string }): Credentials {
  return { current: url, servers: { ...credentials.servers, [url]: { user: account.user, token: account.token } } }
}

/** Without the server's token. */
export function removeServer({ current, servers }: Credentials, url: string): Credentials {
  const rest = Object.fromEntries(Object.entries(servers).filter(([name]) => name !== url))
  const next = current === url ? Object.keys(rest)[0] : current
  return { ...(next === undefined ? {} : { current: next }), servers: rest }
}
