// The system's lists of users and groups with one more: whom a project's uid is. Programs that ask who they are (initdb, ssh, whoami) refuse a uid without a name.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The name that a project's uid has for its own processes. */
const userName = 'pushway'

/** Writes both lists to `dir`; gives them as what is seen in place of the system's own (`IsolateOptions.over`). */
export function writeUsers(dir: string, uid: number): readonly { readonly file: string; readonly target: string }[] {
  return [
    listWith('/etc/passwd', join(dir, 'passwd'), `${userName}:x:${uid}:${uid}::/nonexistent:/bin/sh`),
    listWith('/etc/group', join(dir, 'group'), `${userName}:x:${uid}:`),
  ]
}

function listWith(target: string, file: string, line: string) {
  writeFileSync(file, `${readFileSync(target, 'utf8').trimEnd()}\n${line}\n`, { mode: 0o644 })
  return { file, target }
}
