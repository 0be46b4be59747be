// `services.X.deploy`, every attribute. Follows https://github.com/compose-spec/compose-spec/blob/main/deploy.md

import {
  type Attribute,
  bytes,
  decimal,
  duration,
  type Fields,
  integer,
  listOf,
  mapping,
  object,
  optionalDuration,
  optionalInteger,
  special,
  text,
  texts,
  uniqueTexts,
} from './attribute.ts'

const deviceFields: Fields = {
  capabilities: uniqueTexts(),
  driver: text(),
  count: special('count', ['string', 'integer']),
  device_ids: uniqueTexts(),
  options: mapping(),
}

/** `gpus`: `all`, or a list of device requests. */
export const gpus: Attribute = {
  ...listOf(object(deviceFields, { extra: 'any' })),
  forms: ['string', { kind: 'list', of: object(deviceFields, { extra: 'any' }) }],
  words: ['all'],
}

const genericResource: Fields = {
  discrete_resource_spec: object({ kind: text({ keep: 'both' }), value: special('int', ['number', 'string'], { keep: 'both' }) }),
}

const updateFields: Fields = {
  parallelism: optionalInteger(),
  delay: duration(),
  failure_action: text(),
  monitor: duration(),
  max_failure_ratio: decimal(),
  order: text({ words: ['start-first', 'stop-first'] }),
}

const limits: Fields = { cpus: decimal(), memory: bytes('string'), pids: integer() }

const reservations: Fields = {
  cpus: decimal(),
  memory: bytes('string'),
  devices: listOf(object(deviceFields, { required: ['capabilities'] })),
  generic_resources: listOf(object(genericResource)),
}

const deployFields: Fields = {
  mode: text(),
  replicas: optionalInteger(),
  labels: mapping(),
  update_config: object(updateFields),
  rollback_config: object(updateFields),
  resources: object({ limits: object(limits), reservations: object(reservations) }, { keep: 'json' }),
  restart_policy: object({ condition: text(), delay: optionalDuration(), max_attempts: optionalInteger(), window: optionalDuration() }),
  placement: object({ constraints: texts(), preferences: listOf(object({ spread: text() })), max_replicas_per_node: integer() }, { keep: 'json' }),
  endpoint_mode: text(),
}

/** `deploy`. */
export const deploy: Attribute = object(deployFields, { also: ['null'] })
