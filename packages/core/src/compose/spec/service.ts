// `services.X`, every attribute, in the order that `config` prints them.
// Follows https://github.com/compose-spec/compose-spec/blob/main/05-services.md

import {
  type Attribute,
  bytes,
  command,
  decimal,
  dictOf,
  environment,
  type Fields,
  flag,
  integer,
  listOf,
  mapping,
  object,
  optionalDuration,
  optionalFlag,
  optionalInteger,
  options,
  special,
  text,
  textOrTexts,
  texts,
  uniqueTexts,
} from './attribute.ts'
import { build, develop, extraHosts, fileReferences, hook, ulimits } from './build.ts'
import { deploy, gpus } from './deploy.ts'

/** Names of services, networks, volumes and other parts. */
export const partName: RegExp = /^[a-zA-Z0-9._-]+$/

const rate: Attribute = rateOf({ path: text({ keep: 'both' }), rate: { ...bytes('integer', 'string'), keep: 'both' } })
const weight: Attribute = rateOf({ path: text({ keep: 'both' }), weight: integer({ keep: 'both' }) })

/** Docker's JSON has these keys with a capital. */
function rateOf(fields: Fields): Attribute {
  return { ...object(fields, { extra: 'none' }), shape: { kind: 'object', fields, jsonKeys: 'capital' } }
}

const blkio: Attribute = object(
  {
    weight: integer(),
    weight_device: listOf(weight),
    device_read_bps: listOf(rate),
    device_read_iops: listOf(rate),
    device_write_bps: listOf(rate),
    device_write_iops: listOf(rate),
  },
  { extra: 'none' },
)

const dependsOn: Attribute = dictOf(
  object(
    {
      condition: text({ words: ['service_started', 'service_healthy', 'service_completed_successfully'] }),
      restart: flag(),
      required: special('bool', ['boolean'], { keep: 'both' }),
    },
    { required: ['condition'] },
  ),
  partName,
  { also: uniqueTexts().forms },
)

const healthcheck: Attribute = object({
  test: special('health-test', texts().forms.concat('string')),
  timeout: optionalDuration(),
  interval: optionalDuration(),
  retries: special('int?', ['number', 'string']),
  start_period: optionalDuration(),
  start_interval: optionalDuration(),
  disable: flag(),
})

const logging: Attribute = object({
  driver: text(),
  options: special('options', [{ kind: 'dict', of: special('any', ['string', 'number', 'null']), key: /.+/, open: true }]),
})

const network: Attribute = object(
  {
    aliases: uniqueTexts(),
    driver_opts: options(),
    gw_priority: special('int', ['number']),
    interface_name: text(),
    ipv4_address: text(),
    ipv6_address: text(),
    link_local_ips: uniqueTexts(),
    mac_address: text(),
    priority: special('int', ['number']),
  },
  { also: ['null'] },
)

const port: Attribute = object(
  {
    name: text(),
    mode: text(),
    host_ip: text(),
    target: integer(),
    published: special('text', ['string', 'integer']),
    protocol: text(),
    app_protocol: text(),
  },
  { also: ['number', 'string'] },
)

const volume: Attribute = object(
  {
    type: text({ words: ['bind', 'volume', 'tmpfs', 'cluster', 'npipe', 'image'] }),
    source: text(),
    target: text(),
    read_only: flag(),
    consistency: text(),
    bind: object({
      selinux: text({ words: ['z', 'Z'] }),
      propagation: text(),
      create_host_path: flag(),
      recursive: text({ words: ['enabled', 'disabled', 'writable', 'readonly'] }),
    }),
    volume: object({ labels: mapping(), nocopy: flag(), subpath: text() }),
    tmpfs: object({ size: { ...bytes('integer', 'string'), min: 0 }, mode: special('int', ['number', 'string']) }),
    image: object({ subpath: text() }),
  },
  { required: ['type'], also: ['string'] },
)

const envFile: Attribute = {
  forms: ['string', { kind: 'list', of: object({ path: text(), required: flag(), format: text() }, { required: ['path'], extra: 'none', also: ['string'] }) }],
  shape: { kind: 'env-file' },
}

const provider: Attribute = object(
  {
    type: text(),
    options: special('multi-options', [
      {
        kind: 'dict',
        of: special('any', ['string', 'number', 'boolean', { kind: 'list', of: special('any', ['string', 'number', 'boolean']) }]),
        key: /.+/,
        open: true,
      },
    ]),
  },
  { required: ['type'] },
)

const numberOrText = (shape: 'int' | 'bytes'): Attribute => special(shape, ['number', 'string'])

/** Every attribute of a service. */
export const serviceFields: Fields = {
  profiles: uniqueTexts(),
  annotations: mapping(),
  attach: optionalFlag(),
  build,
  develop,
  blkio_config: blkio,
  cap_add: uniqueTexts(),
  cap_drop: uniqueTexts(),
  cgroup_parent: text(),
  cgroup: text({ words: ['host', 'private'] }),
  cpu_count: integer({ min: 0 }),
  cpu_percent: special('float', ['integer', 'string'], { min: 0, max: 100 }),
  cpu_period: numberOrText('int'),
  cpu_quota: numberOrText('int'),
  cpu_rt_period: numberOrText('int'),
  cpu_rt_runtime: numberOrText('int'),
  cpus: decimal(),
  cpuset: text(),
  cpu_shares: numberOrText('int'),
  command: command(),
  configs: fileReferences(),
  container_name: text({ pattern: /[a-zA-Z0-9][a-zA-Z0-9_.-]+/ }),
  credential_spec: object({ config: text(), file: text(), registry: text() }),
  depends_on: dependsOn,
  deploy,
  device_cgroup_rules: uniqueTexts(),
  devices: listOf(object({ source: text(), target: text(), permissions: text() }, { required: ['source'], also: ['string'] })),
  dns: textOrTexts(),
  dns_opt: uniqueTexts(),
  dns_search: textOrTexts(),
  domainname: text(),
  entrypoint: command(),
  provider,
  environment: environment(),
  env_file: envFile,
  expose: special('texts', [{ kind: 'list', of: special('any', ['string', 'number']), unique: true }]),
  extends: { ...object({ file: text(), service: text() }, { required: ['service'], extra: 'none', also: ['string'] }), shape: { kind: 'unprinted' } },
  external_links: uniqueTexts(),
  extra_hosts: extraHosts(),
  group_add: special('texts', [{ kind: 'list', of: special('any', ['string', 'number']), unique: true }]),
  gpus,
  hostname: text(),
  healthcheck,
  image: text(),
  init: optionalFlag(),
  ipc: text(),
  isolation: text(),
  labels: mapping(),
  label_file: textOrTexts(false),
  links: uniqueTexts(),
  logging,
  mem_limit: numberOrText('bytes'),
  mem_reservation: bytes('string', 'integer'),
  memswap_limit: numberOrText('bytes'),
  mem_swappiness: bytes('integer', 'string'),
  mac_address: text(),
  models: dictOf(object({ endpoint_var: text(), model_var: text() }, { also: ['null'] }), partName, { open: true, also: uniqueTexts().forms }),
  network_mode: text(),
  networks: dictOf(network, partName, { also: uniqueTexts().forms }),
  oom_kill_disable: flag(),
  oom_score_adj: integer({ min: -1000, max: 1000 }),
  pid: special('text', ['string', 'null']),
  pids_limit: numberOrText('int'),
  platform: text(),
  ports: listOf(port, true),
  privileged: flag(),
  pull_policy: text({ pattern: /always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+/ }),
  pull_refresh_after: { ...text(), shape: { kind: 'unprinted' } },
  read_only: flag(),
  restart: text(),
  runtime: text(),
  scale: optionalInteger(),
  secrets: fileReferences(),
  security_opt: uniqueTexts(),
  shm_size: numberOrText('bytes'),
  stdin_open: flag(),
  stop_grace_period: optionalDuration(),
  stop_signal: text(),
  storage_opt: special('mapping', [{ kind: 'map', fields: {}, extra: 'any' }]),
  sysctls: mapping(),
  tmpfs: textOrTexts(),
  tty: flag(),
  ulimits: ulimits(),
  use_api_socket: special('bool', ['boolean']),
  user: text(),
  userns_mode: text(),
  uts: text(),
  volumes: listOf(volume, true),
  volumes_from: uniqueTexts(),
  working_dir: text(),
  post_start: listOf(hook),
  pre_stop: listOf(hook),
}
