// `services.X.build` and `develop`, every attribute. Follows https://github.com/compose-spec/compose-spec/blob/main/build.md and develop.md

import {
  type Attribute,
  bytes,
  command,
  dictOf,
  environment,
  type Fields,
  flag,
  listOf,
  mapping,
  object,
  optionalInteger,
  pairsAs,
  special,
  text,
  textOrTexts,
  texts,
} from './attribute.ts'

const fileReference: Fields = {
  source: text(),
  target: text(),
  uid: text(),
  gid: text(),
  mode: special('file-mode', ['number', 'string']),
}

/** `configs` and `secrets` of a service, `secrets` of a build: a name, or a mapping. */
export function fileReferences(): Attribute {
  return listOf(object(fileReference, { also: ['string'] }))
}

/** `ulimits`: one number, or soft and hard. */
export function ulimits(): Attribute {
  const pair: Fields = { soft: optionalInteger(), hard: optionalInteger() }
  return dictOf(special('ulimit', ['integer', 'string', { kind: 'map', fields: pair, required: ['soft', 'hard'], extra: 'x-' }]), /^[a-z]+$/, { open: true })
}

/** `extra_hosts`: `HOST=ADDRESS`, or a mapping whose values may be lists. */
export function extraHosts(): Attribute {
  const addresses = special('any', ['string', { kind: 'list', of: text() }])
  return special('hosts', [
    { kind: 'dict', of: addresses, key: /.+/ },
    { kind: 'list', of: text(), unique: true },
  ])
}

const buildFields: Fields = {
  context: text(),
  dockerfile: text(),
  dockerfile_inline: text(),
  entitlements: texts(),
  args: environment(),
  provenance: special('text', ['string', 'boolean']),
  sbom: special('text', ['string', 'boolean']),
  ssh: pairsAs('ssh'),
  labels: mapping(),
  cache_from: texts(),
  cache_to: texts(),
  no_cache: flag(),
  additional_contexts: mapping(),
  pull: flag(),
  extra_hosts: extraHosts(),
  isolation: text(),
  network: text(),
  target: text(),
  secrets: fileReferences(),
  shm_size: bytes('integer', 'string'),
  tags: texts(),
  ulimits: ulimits(),
  platforms: texts(),
  privileged: flag(),
}

/** `build`: a folder, or a mapping. */
export const build: Attribute = object(buildFields, { also: ['string'] })

const hookFields: Fields = {
  command: command(),
  user: text(),
  privileged: flag(),
  working_dir: text(),
  environment: environment(),
}

/** `post_start`, `pre_stop`, and `exec` of a watch. */
export const hook: Attribute = object(hookFields, { required: ['command'] })

const watchFields: Fields = {
  path: text({ keep: 'both' }),
  action: text({ keep: 'both', words: ['rebuild', 'sync', 'restart', 'sync+restart', 'sync+exec'] }),
  target: text(),
  exec: { ...hook, keep: 'json' },
  include: textOrTexts(),
  ignore: textOrTexts(),
  initial_sync: special('bool', ['boolean']),
}

/** `develop`. */
export const develop: Attribute = object({ watch: listOf(object(watchFields, { required: ['path', 'action'] })) }, { also: ['null'] })
