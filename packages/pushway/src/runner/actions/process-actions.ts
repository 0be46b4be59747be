// What the built-in actions that run as processes say of themselves: as their `action.yml` would.

import type { ActionDefinition } from '@pushway/core/action/types.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { findAction } from '@pushway/core/workflow/known-actions.ts'
import { parseFile } from '../../util/parsed-files.ts'

interface ProcessAction {
  /** Input → its default, where it is not empty; expressions as in an `action.yml`. */
  readonly defaults?: Readonly<Record<string, string>>
  readonly post?: { readonly if?: string }
}

const actions: Readonly<Record<string, ProcessAction>> = {
  'actions/upload-artifact': { defaults: { name: 'artifact', 'if-no-files-found': 'warn', 'compression-level': '6' } },
  'actions/upload-artifact/merge': { defaults: { name: 'merged-artifacts', pattern: '*' } },
  'actions/download-artifact': {},
  'actions/cache': { post: { if: 'success()' } },
  'actions/cache/restore': {},
  'actions/cache/save': {},
  'actions/setup-python': { defaults: { 'update-environment': 'true' }, post: { if: 'success()' } },
  'actions/setup-go': { post: { if: 'success()' } },
  'actions/setup-java': { post: { if: 'success()' } },
  'docker/metadata-action': { defaults: { context: 'workflow', 'github-token': '${{ github.token }}' } },
  'docker/build-push-action': {},
  'docker/setup-buildx-action': {},
  'docker/setup-qemu-action': {},
  'actions/github-script': { defaults: { 'github-token': '${{ github.token }}' } },
}

/** The definition of a built-in action that runs as a process. `uses`: `owner/name[/path]@ref`; `parsed`: where definitions are kept. */
export async function processAction(uses: string, parsed: string | undefined): Promise<ActionDefinition | undefined> {
  const known = findAction(uses)
  const action = known && actions[known.name]
  return known && action ? define(known.name, { inputs: known.inputs, ...action }, parsed) : undefined
}

type Described = ProcessAction & { readonly inputs: readonly string[] }

async function define(name: string, { inputs, defaults = {}, post }: Described, parsed: string | undefined): Promise<ActionDefinition> {
  const text = JSON.stringify({
    name,
    inputs: Object.fromEntries(inputs.map((input) => [input, defaults[input] === undefined ? {} : { default: defaults[input] }])),
    runs: { using: 'node20', main: 'main', ...(post ? { post: 'post', ...(post.if === undefined ? {} : { 'post-if': post.if }) } : {}) },
  })
  const { value, diagnostics } = await parseFile('action', { file: name, text }, parsed)
  if (!value) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return value
}
