// The keys of the compose specification that exist and are not read yet: refused by name, so that a misspelling is told apart.
// Follows https://github.com/compose-spec/compose-spec/blob/main/spec.md

/** Top-level keys that are refused for now. */
export const laterTop = ['networks', 'volumes', 'secrets', 'configs', 'include', 'models'] as const

/** Keys of a service that are refused for now. */
export const laterService = [
  ...['annotations', 'attach', 'blkio_config', 'cap_add', 'cap_drop', 'cgroup', 'cgroup_parent', 'configs', 'container_name', 'cpu_count', 'cpu_percent'],
  ...['cpu_period', 'cpu_quota', 'cpu_rt_period', 'cpu_rt_runtime', 'cpu_shares', 'cpus', 'cpuset', 'credential_spec', 'develop', 'device_cgroup_rules'],
  ...['devices', 'dns', 'dns_opt', 'dns_search', 'domainname', 'driver_opts', 'env_file', 'extends', 'external_links', 'extra_hosts', 'gpus', 'group_add'],
  ...['hostname', 'init', 'ipc', 'isolation', 'label_file', 'labels', 'links', 'logging', 'mac_address', 'mem_limit', 'mem_reservation', 'mem_swappiness'],
  ...['memswap_limit', 'models', 'network_mode', 'networks', 'oom_kill_disable', 'oom_score_adj', 'pid', 'pids_limit', 'platform', 'post_start', 'pre_stop'],
  ...['privileged', 'profiles', 'provider', 'pull_policy', 'read_only', 'restart', 'runtime', 'scale', 'secrets', 'security_opt', 'shm_size', 'stdin_open'],
  ...['stop_signal', 'storage_opt', 'sysctls', 'tmpfs', 'tty', 'ulimits', 'use_api_socket', 'user', 'userns_mode', 'uts', 'volumes', 'volumes_from'],
  'working_dir',
] as const

/** Keys of `build` that are refused for now. */
export const laterBuild = [
  ...['additional_contexts', 'args', 'cache_from', 'cache_to', 'dockerfile_inline', 'entitlements', 'extra_hosts', 'isolation', 'labels', 'network'],
  ...['no_cache', 'platforms', 'privileged', 'provenance', 'pull', 'sbom', 'secrets', 'shm_size', 'ssh', 'tags', 'ulimits'],
] as const

/** Keys of `healthcheck` that are refused for now. */
export const laterHealthcheck = ['start_interval'] as const

/** Keys of `deploy` that are refused for now. */
export const laterDeploy = ['endpoint_mode', 'labels', 'mode', 'placement', 'resources', 'restart_policy', 'rollback_config', 'update_config'] as const
