// The top level of a compose file: every attribute of the specification, by the place where it stands.
// Follows https://github.com/compose-spec/compose-spec/blob/main/spec.md; a test compares it with the specification's own JSON schema.

import { type Attribute, dictOf, type Fields, flag, listOf, mapping, object, optionalFlag, options, special, text, textOrTexts, texts } from './attribute.ts'
import { partName, serviceFields } from './service.ts'

/** `true`, or the old form with the name in it. */
function external(extra: 'x-' | 'any'): Attribute {
  return special('external', ['boolean', 'string', { kind: 'map', fields: { name: text() }, extra }])
}

const pool: Attribute = object({
  subnet: text(),
  gateway: text(),
  ip_range: text(),
  aux_addresses: special('mapping', [{ kind: 'dict', of: text(), key: /.+/ }]),
})

const ipam: Attribute = object(
  { driver: text(), config: listOf(pool), options: special('unprinted', [{ kind: 'dict', of: text(), key: /.+/ }]) },
  { keep: 'json' },
)

const networkFields: Fields = {
  name: text(),
  driver: text(),
  driver_opts: options(),
  ipam,
  external: external('x-'),
  internal: flag(),
  attachable: flag(),
  labels: mapping(),
  enable_ipv4: optionalFlag(),
  enable_ipv6: optionalFlag(),
}

const volumeFields: Fields = { name: text(), driver: text(), driver_opts: options(), external: external('x-'), labels: mapping() }

const secretFields: Fields = {
  name: text(),
  file: text(),
  environment: text(),
  external: external('any'),
  labels: mapping(),
  driver: text(),
  driver_opts: options(),
  template_driver: text(),
}

const configFields: Fields = {
  name: text(),
  file: text(),
  environment: text(),
  content: text(),
  external: external('any'),
  labels: mapping(),
  template_driver: text(),
}

const modelFields: Fields = { name: text(), model: text(), context_size: special('int', ['integer']), runtime_flags: texts() }

const include: Attribute = object({ path: textOrTexts(), env_file: textOrTexts(), project_directory: text() }, { extra: 'none', also: ['string'] })

const service: Attribute = object(serviceFields)

/** Every attribute of the top level. */
const topFields: Fields = {
  version: { ...text(), shape: { kind: 'unprinted' } },
  name: text(),
  include: { ...listOf(include), shape: { kind: 'unprinted' } },
  services: { ...dictOf(service, partName), keep: 'both' },
  networks: dictOf(object(networkFields, { also: ['null'] }), partName, { open: true }),
  volumes: dictOf(object(volumeFields, { also: ['null'] }), partName),
  secrets: dictOf(object(secretFields), partName),
  configs: dictOf(object(configFields), partName),
  models: dictOf(object(modelFields, { required: ['model'] }), partName, { open: true }),
}

/** A whole compose file. */
export const specification: Attribute = object(topFields)
