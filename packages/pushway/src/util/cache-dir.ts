// Where this user's machine keeps what can be fetched or made again.

import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/** The user's cache folder of Pushway: `$XDG_CACHE_HOME/pushway`, `~/.cache/pushway`, on macOS `~/Library/Caches/pushway`. It may not exist yet. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env.XDG_CACHE_HOME
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'pushway')
  const home = env.HOME || homedir()
  return process.platform === 'darwin' ? join(home, 'Library', 'Caches', 'pushway') : join(home, '.cache', 'pushway')
}
