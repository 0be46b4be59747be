// Where jobs of this server find actions (`owner/name@ref`): projects here, a mirror folder, then a remote. Settings are read once.

import { isAbsolute } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ActionSource, ActionSources } from '../util/job-spool.ts'
import type { DataFolder } from './data-folder.ts'

/**
 * `PUSHWAY_ACTIONS_OWNERS`: owners whose projects every job may use as actions (`actions` unless told; `*` for all).
 * `PUSHWAY_ACTIONS_DIR`: a folder with OWNER/NAME@REF/. `PUSHWAY_ACTIONS_URL`: such as https://github.com; none unless told.
 * @throws PushwayError `usage`
 */
export function actionSources(folder: DataFolder, env: NodeJS.ProcessEnv): ActionSources {
  const { PUSHWAY_ACTIONS_OWNERS: owners = 'actions', PUSHWAY_ACTIONS_DIR: dir, PUSHWAY_ACTIONS_URL: url } = env
  if (dir && !isAbsolute(dir)) throw fail('usage', { problem: `PUSHWAY_ACTIONS_DIR is not an absolute path: ${dir}.`, hint: 'Write the whole path.' })
  if (url && !/^(https?|file):\/\//.test(url)) throw fail('usage', { problem: `PUSHWAY_ACTIONS_URL is not an address: ${url}.`, hint: 'Write https://…' })
  const sources: ActionSource[] = [{ kind: 'repositories', dir: folder.path('git'), owners: owners.split(',').map((owner) => owner.trim()) }]
  if (dir) sources.push({ kind: 'directory', dir })
  if (url) sources.push({ kind: 'remote', url })
  return { sources, cache: folder.path('action-cache') }
}
