// `uses` of a step: a folder of the workspace, a repository at a ref, or an image.

import type { ActionReference } from './types.ts'

/** What `uses` names, or the sentence that says why it names nothing. Parts that could be read as an option or lead out of a folder are refused. */
export function parseReference(uses: string): ActionReference | { readonly problem: string } {
  if (uses.startsWith('docker://')) return { kind: 'docker', image: uses.slice('docker://'.length) }
  if (/^\.\.?(\/|$)/.test(uses)) return readLocal(uses)
  const match = /^([^/@]+)\/([^/@]+)(?:\/([^@]*))?@(.+)$/.exec(uses)
  if (!match) return { problem: `"${uses}" names no action: write owner/name@ref, owner/name/path@ref, or ./path` }
  const [, owner = '', name = '', path = '', ref = ''] = match
  if (!isName(owner) || !isName(name)) return { problem: `"${owner}/${name}" can't be the name of a repository` }
  if (path.split('/').includes('..') || path.includes('\0') || path.includes('\\')) return { problem: `The path "${path}" leads out of the repository` }
  if (!isRef(ref)) return { problem: `"${ref}" can't be a branch, a tag or a commit` }
  return { kind: 'repository', owner, name, path: path.replace(/\/+$/, ''), ref }
}

function readLocal(uses: string): ActionReference | { readonly problem: string } {
  const path = uses.replace(/^\.\//, '').replace(/\/+$/, '')
  if (uses.startsWith('..') || path.split('/').includes('..') || path.includes('\0')) return { problem: `The path "${uses}" leads out of the workspace` }
  return { kind: 'local', path: path === '.' ? '' : path }
}

/** Whether it is a whole commit id: such a reference always means the same. */
export function isPinned(ref: string): boolean {
  return /^[0-9a-f]{40}$/i.test(ref)
}

function isName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(text)
}

/** As git's own rules for names of refs, as far as they matter here. */
function isRef(text: string): boolean {
  return !/^[-/.]|\.\.|\/\/|[\s\0~^:?*[\\]|@\{|[./]$|\.lock$/.test(text) && text.length < 256
}
