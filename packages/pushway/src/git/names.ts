// Names from outside that become paths or arguments: checked here before anything uses them.

import { fail } from '@pushway/core/reason/errors.ts'
import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'

const part = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/
const commit = /^[0-9a-f]{40}$/

/** Whether the text is `owner/name` with both parts safe as folder names. */
export function isProjectName(name: string): boolean {
  const parts = name.split('/')
  return parts.length === 2 && parts.every((p) => part.test(p) && !p.includes('..') && !p.endsWith('.git') && !p.endsWith('.lock') && !p.endsWith('.'))
}

/** The name itself when it is one. @throws PushwayError `name-invalid` */
export function checkProjectName(name: string): ProjectName {
  if (!isProjectName(name)) {
    throw fail('name-invalid', { what: 'project', name, rule: 'Use owner/name; letters, digits, "-", "_" and "." are fine, "." and "-" not in front.' })
  }
  return name
}

/** Whether the text is a full commit id. */
export function isCommitId(text: string): text is CommitId {
  return commit.test(text)
}

/** Whether git accepts the text as the name of a ref and it can't be read as an option or a revision expression. */
export function isRefName(ref: string): boolean {
  if (ref === '' || ref.length > 1000 || /^[-/.]|[/.]$|\.\.|\/\/|\/\.|@\{|\.lock(\/|$)|^@$/.test(ref)) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  return !/[\x00-\x20\x7f~^:?*[\\]/.test(ref)
}
