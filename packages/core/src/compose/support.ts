// What each runtime does with each attribute: what it can't do is named at its place, or refused where the meaning would be lost.
// docs/compatibility/compose.md is made from this table.

import { matchesPath } from './pattern.ts'
import { keyPlace, type Report } from './report.ts'
import { describePath, type Tree, type TreeMap, type TreePath } from './tree.ts'

/** The runtimes that an app made from compose files can have. */
export type ComposeRuntime = 'process' | 'docker'

/** `warned`: named and left out. `refused`: the file is refused. An attribute without a row is honoured everywhere. */
export interface SupportRow {
  /** `services.*.cap_add`; what is below it too. */
  readonly path: string
  readonly process: 'honoured' | 'warned' | 'refused'
  readonly docker: 'honoured' | 'warned' | 'refused'
  /** What happens instead, as the end of a sentence. */
  readonly why: string
}

function onProcess(why: string, ...keys: readonly string[]): readonly SupportRow[] {
  return keys.map((key) => ({ path: `services.*.${key}`, process: 'warned', docker: 'honoured', why }))
}

function nowhere(why: string, ...keys: readonly string[]): readonly SupportRow[] {
  return keys.map((key) => ({ path: key, process: 'warned', docker: 'warned', why }))
}

/** Every attribute that some runtime does not honour. */
export const supportTable: readonly SupportRow[] = [
  { path: 'services.*.provider', process: 'refused', docker: 'refused', why: 'another program would have to make the service' },
  { path: 'services.*.models', process: 'refused', docker: 'refused', why: 'there is no runner of language models' },
  { path: 'services.*.use_api_socket', process: 'refused', docker: 'refused', why: "the engine's socket would give the service the whole machine" },
  ...onProcess(
    'nothing is mounted into a process: what it writes there goes with the instance, and what would be mounted there is missing',
    ...['volumes', 'tmpfs', 'volumes_from', 'configs', 'secrets'],
  ),
  ...onProcess('processes share the network of the machine', 'networks', 'network_mode', 'mac_address'),
  ...onProcess('names are resolved as on the machine', 'dns', 'dns_opt', 'dns_search', 'extra_hosts', 'hostname', 'domainname'),
  ...onProcess(
    'limits are not enforced on processes',
    ...['mem_limit', 'mem_reservation', 'memswap_limit', 'mem_swappiness', 'cpus', 'cpuset', 'cpu_shares', 'cpu_period', 'cpu_quota', 'cpu_rt_period'],
    ...['cpu_rt_runtime', 'pids_limit', 'blkio_config', 'ulimits', 'shm_size', 'oom_kill_disable', 'oom_score_adj', 'deploy.resources'],
  ),
  ...onProcess(
    'a process has no container',
    ...['container_name', 'cap_add', 'cap_drop', 'privileged', 'security_opt', 'read_only', 'devices', 'device_cgroup_rules', 'gpus', 'sysctls', 'ipc'],
    ...['pid', 'uts', 'userns_mode', 'cgroup', 'cgroup_parent', 'runtime', 'platform', 'storage_opt', 'init', 'tty', 'stdin_open', 'annotations', 'labels'],
    'deploy.labels',
  ),
  ...onProcess("an instance runs as its project's own user", 'user', 'group_add'),
  ...onProcess("an instance starts in its image's working folder", 'working_dir'),
  ...onProcess('logs are kept by Pushway', 'logging'),
  ...onProcess('an instance is stopped with SIGTERM', 'stop_signal'),
  ...onProcess('an instance that ends is always started again', 'restart', 'deploy.restart_policy'),
  ...onProcess('nothing is run inside an instance that runs already', 'post_start', 'pre_stop'),
  ...onProcess('a check is asked as often during the start as after it', 'healthcheck.start_interval'),
  ...onProcess('instances are not restarted together', 'depends_on.*.restart'),
  ...nowhere('the strategy of pushway.yml says how instances are replaced', 'services.*.deploy.update_config', 'services.*.deploy.rollback_config'),
  ...nowhere('everything runs on one machine', 'services.*.deploy.placement', 'services.*.deploy.endpoint_mode', 'services.*.deploy.mode'),
  ...nowhere('services of one network have names', 'services.*.links', 'services.*.external_links'),
  ...nowhere('nothing is kept free for a service, as in Docker Compose', 'services.*.deploy.resources.reservations.cpus'),
  ...onProcess('a process has no container', 'isolation'),
  ...nowhere('only Windows has it', 'services.*.credential_spec', 'services.*.cpu_count', 'services.*.cpu_percent'),
  ...nowhere('engines wait longer and longer between starts', 'services.*.deploy.restart_policy.delay', 'services.*.deploy.restart_policy.window'),
  ...nowhere('a release pins its images by digest', 'services.*.pull_policy', 'services.*.pull_refresh_after'),
  ...nowhere('there are no such resources', 'services.*.deploy.resources.reservations.generic_resources'),
  ...nowhere('only text without templates is read', 'configs.*.template_driver', 'secrets.*.template_driver', 'secrets.*.driver', 'secrets.*.driver_opts'),
  ...nowhere('it is not given to the driver', 'networks.*.ipam.options'),
  ...nowhere(
    'images for releases are built with context, Dockerfile, target, args, labels, network, platforms, caches, no_cache and pull',
    ...[
      'additional_contexts',
      'entitlements',
      'extra_hosts',
      'isolation',
      'privileged',
      'provenance',
      'sbom',
      'secrets',
      'shm_size',
      'ssh',
      'tags',
      'ulimits',
    ].map((key) => `services.*.build.${key}`),
  ),
]

/** Names what the runtime does not do, each attribute at its place. */
export function checkSupport(tree: TreeMap, runtime: string, report: Report): void {
  for (const row of supportTable) {
    const states: Readonly<Record<string, string>> = { process: row.process, docker: row.docker }
    const state = states[runtime] ?? 'honoured'
    if (state === 'honoured') continue
    for (const { node, path } of findNodes(tree, row.path.split('.'))) {
      if (!hasMeaning(node) || isHonouredValue(row.path, node)) continue
      const what = describePath(path)
      if (state === 'warned') report.warn(keyPlace(node), 'compose-no-effect', `${what} has no effect on the ${runtime} runtime: ${row.why}.`)
      else report.error(keyPlace(node), 'compose-not-yet', `${what} is not supported on the ${runtime} runtime: ${row.why}.`)
    }
  }
}

/** Rows of the table that `pushway compose up` honours all the same, or refuses when it builds. */
const verbsHonour = ['services.*.links', 'services.*.external_links', 'services.*.pull_policy']

/** Names what `pushway compose up` and `run` do not do, each attribute at its place; refuses what they can't. */
export function checkVerbSupport(tree: TreeMap, report: Report): void {
  for (const { path: pattern, docker: state, why } of supportTable) {
    if (state === 'honoured' || verbsHonour.includes(pattern) || pattern.startsWith('services.*.build.')) continue
    for (const { node, path } of findNodes(tree, pattern.split('.'))) {
      if (!hasMeaning(node) || isHonouredValue(pattern, node)) continue
      const what = describePath(path)
      if (state === 'warned') report.warn(keyPlace(node), 'compose-no-effect', `${what} has no effect in pushway compose.`)
      else report.error(keyPlace(node), 'compose-not-yet', `${what} is not supported in pushway compose: ${why}.`)
    }
  }
  for (const { node, path } of findNodes(tree, ['services', '*', 'pull_policy'])) {
    if (node.kind === 'scalar' && /^(daily|weekly|every_)/.test(String(node.value)))
      report.warn(
        keyPlace(node),
        'compose-no-effect',
        `${describePath(path)} is taken as "missing" in pushway compose: images are not pulled again by their age.`,
      )
  }
}

/** The state of an attribute on a runtime. */
export function supportOf(path: TreePath, runtime: ComposeRuntime): SupportRow['process'] {
  const rows = supportTable.filter((one) => {
    const pattern = one.path.split('.')
    return path.length >= pattern.length && matchesPath(path.slice(0, pattern.length), pattern)
  })
  return (['refused', 'warned'] as const).find((state) => rows.some((row) => row[runtime] === state)) ?? 'honoured'
}

function findNodes(tree: Tree, pattern: readonly string[], path: TreePath = []): readonly { readonly node: Tree; readonly path: TreePath }[] {
  const [key, ...rest] = pattern
  if (key === undefined) return [{ node: tree, path }]
  if (tree.kind !== 'map') return []
  if (key === '*') return [...tree.entries].flatMap(([name, node]) => findNodes(node, rest, [...path, name]))
  const node = tree.entries.get(key)
  return node ? findNodes(node, rest, [...path, key]) : []
}

function hasMeaning(node: Tree): boolean {
  if (node.kind === 'list') return node.items.length > 0
  if (node.kind === 'map') return node.entries.size > 0
  return node.value !== null && node.value !== false && node.value !== ''
}

/** Values that ask for what happens anyway. */
function isHonouredValue(path: string, node: Tree): boolean {
  if (path === 'services.*.restart') return node.kind === 'scalar' && (node.value === 'always' || node.value === 'unless-stopped')
  if (path === 'services.*.deploy.mode') return node.kind === 'scalar' && node.value === 'replicated'
  // The default network separates nothing: every service of the project is in it.
  if (path === 'services.*.networks') return node.kind === 'map' && node.entries.size === 1 && node.entries.has('default')
  return false
}
