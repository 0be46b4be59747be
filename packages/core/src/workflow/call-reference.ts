// `uses` of a job: a workflow file of the same repository, or of another one.

/** What `uses` of a job names: a file of the same repository and commit, or of another repository at a ref. */
export type CallReference =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'repository'; readonly owner: string; readonly name: string; readonly path: string; readonly ref: string }

/** The reference, or the sentence that says why it names no workflow. */
export function parseCallReference(uses: string): CallReference | { readonly problem: string } {
  if (uses.includes('${{')) return { problem: `"${uses}" may not hold an expression: a workflow that is called is named as it is` }
  const local = /^\.\/(\.github\/workflows\/[^/@\\]+\.ya?ml)$/.exec(uses)
  if (local) return { kind: 'local', path: local[1] ?? '' }
  const other = /^([A-Za-z0-9_][\w.-]*)\/([A-Za-z0-9_][\w.-]*)\/(\.github\/workflows\/[^/@\\]+\.ya?ml)@([^\s@:~^?*[\\-][^\s@:~^?*[\\]*)$/.exec(uses)
  const [, owner = '', name = '', path = '', ref = ''] = other ?? []
  if (other && !ref.includes('..')) return { kind: 'repository', owner, name, path, ref }
  return { problem: `"${uses}" names no workflow: write ./.github/workflows/FILE.yml, or owner/name/.github/workflows/FILE.yml@ref` }
}
