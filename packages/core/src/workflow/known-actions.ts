// The actions that the runner performs itself, with the inputs it honours. Any `@ref` of them is taken.

/** One action: its inputs in lower case, as GitHub compares them. */
export interface KnownAction {
  readonly name: string
  readonly inputs: readonly string[]
}

/** All of them; the runner has one implementation for each. */
const knownActions: readonly KnownAction[] = [
  {
    name: 'actions/checkout',
    inputs: [
      ...['repository', 'ref', 'token', 'path', 'fetch-depth', 'fetch-tags', 'clean', 'persist-credentials', 'set-safe-directory', 'show-progress'],
      ...['submodules', 'lfs', 'sparse-checkout', 'sparse-checkout-cone-mode', 'filter', 'github-server-url'],
    ],
  },
  {
    name: 'actions/setup-node',
    inputs: [...['node-version', 'node-version-file', 'cache', 'cache-dependency-path', 'registry-url', 'scope', 'always-auth', 'check-latest', 'token']],
  },
  {
    name: 'actions/upload-artifact',
    inputs: ['name', 'path', 'if-no-files-found', 'retention-days', 'compression-level', 'overwrite', 'include-hidden-files'],
  },
  {
    name: 'actions/upload-artifact/merge',
    inputs: ['name', 'pattern', 'separate-directories', 'delete-merged', 'retention-days', 'compression-level', 'include-hidden-files'],
  },
  {
    name: 'actions/download-artifact',
    inputs: ['name', 'artifact-ids', 'path', 'pattern', 'merge-multiple', 'github-token', 'repository', 'run-id'],
  },
  { name: 'actions/cache', inputs: ['path', 'key', 'restore-keys', 'upload-chunk-size', 'enablecrossosarchive', 'fail-on-cache-miss', 'lookup-only'] },
  { name: 'actions/cache/restore', inputs: ['path', 'key', 'restore-keys', 'enablecrossosarchive', 'fail-on-cache-miss', 'lookup-only'] },
  { name: 'actions/cache/save', inputs: ['path', 'key', 'upload-chunk-size', 'enablecrossosarchive'] },
  {
    name: 'actions/github-script',
    inputs: [...['script', 'github-token', 'debug', 'user-agent', 'previews', 'result-encoding', 'retries', 'retry-exempt-status-codes', 'base-url']],
  },
  {
    name: 'actions/setup-python',
    inputs: [...['python-version', 'python-version-file', 'cache', 'cache-dependency-path', 'architecture', 'check-latest', 'token', 'update-environment']],
  },
  {
    name: 'actions/setup-go',
    inputs: ['go-version', 'go-version-file', 'check-latest', 'token', 'cache', 'cache-dependency-path', 'architecture'],
  },
  {
    name: 'actions/setup-java',
    inputs: ['java-version', 'java-version-file', 'distribution', 'java-package', 'architecture', 'check-latest', 'cache', 'cache-dependency-path', 'token'],
  },
  {
    name: 'docker/metadata-action',
    inputs: [...['context', 'images', 'tags', 'flavor', 'labels', 'annotations', 'sep-tags', 'sep-labels', 'sep-annotations', 'bake-target', 'github-token']],
  },
  {
    name: 'docker/build-push-action',
    inputs: [
      ...['context', 'file', 'push', 'load', 'tags', 'labels', 'build-args', 'target', 'platforms', 'no-cache', 'pull', 'secrets', 'secret-files'],
      ...['cache-from', 'cache-to', 'provenance', 'sbom', 'builder', 'github-token'],
    ],
  },
  {
    name: 'docker/setup-buildx-action',
    inputs: [
      ...['version', 'driver', 'driver-opts', 'buildkitd-flags', 'buildkitd-config', 'buildkitd-config-inline', 'install', 'use', 'name', 'endpoint'],
      ...['platforms', 'append', 'keep-state', 'cache-binary', 'cleanup'],
    ],
  },
  { name: 'docker/setup-qemu-action', inputs: ['image', 'platforms', 'reset', 'cache-image'] },
  { name: 'docker/login-action', inputs: ['registry', 'username', 'password', 'logout'] },
]

/** The action that `uses` names (`owner/name@ref`, any case), or undefined when the runner does not know it. */
export function findAction(uses: string): KnownAction | undefined {
  const [name, ref] = uses.split('@')
  if (!ref) return undefined
  return knownActions.find((action) => action.name === name?.toLowerCase())
}
