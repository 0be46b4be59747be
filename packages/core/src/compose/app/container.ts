// What only an engine of containers does, from the attributes of a service that are passed on as they are.

import type { ContainerOptions, Hook, VolumesFrom } from '../../app/container.ts'
import { hostPairs, ulimitsOf } from './image.ts'
import { present, presentOrNothing } from './making.ts'
import type { HookModel, ServiceModel } from './model.ts'

/** The options of a service's containers; undefined when there are none. */
export function containerOf(service: ServiceModel): ContainerOptions | undefined {
  return presentOrNothing({
    name: service.container_name,
    hostname: service.hostname,
    domainname: service.domainname,
    user: service.user,
    groupAdd: service.group_add,
    workingDir: service.working_dir,
    tty: service.tty,
    stdinOpen: service.stdin_open,
    init: service.init,
    privileged: service.privileged,
    readOnly: service.read_only,
    capAdd: service.cap_add,
    capDrop: service.cap_drop,
    securityOpt: service.security_opt,
    sysctls: service.sysctls,
    ulimits: service.ulimits && ulimitsOf(service.ulimits),
    shmBytes: service.shm_size === undefined ? undefined : Number(service.shm_size),
    devices: service.devices?.map(({ source = '', target = source, permissions = 'rwm' }) => ({ source, target, permissions })),
    deviceCgroupRules: service.device_cgroup_rules,
    ...networking(service),
    ...namespaces(service),
    logging: service.logging,
    labels: labelsOf(service),
    annotations: service.annotations,
    storageOptions: service.storage_opt,
    stopSignal: service.stop_signal,
    oomKillDisable: service.oom_kill_disable,
    oomScoreAdj: service.oom_score_adj,
    volumesFrom: service.volumes_from?.map(volumesFrom),
    postStart: service.post_start?.map(hookOf),
    preStop: service.pre_stop?.map(hookOf),
  })
}

function networking(service: ServiceModel) {
  return {
    dns: service.dns,
    dnsSearch: service.dns_search,
    dnsOptions: service.dns_opt,
    extraHosts: service.extra_hosts && hostPairs(service.extra_hosts),
    links: service.links,
    externalLinks: service.external_links,
    networkMode: service.network_mode,
    macAddress: service.mac_address,
  }
}

function namespaces(service: ServiceModel) {
  const { ipc, pid, uts, cgroup, isolation, runtime, platform } = service
  return { ipc, pid, uts, usernsMode: service.userns_mode, cgroup, cgroupParent: service.cgroup_parent, isolation, runtime, platform }
}

function labelsOf({ labels, deploy }: ServiceModel): Readonly<Record<string, string>> | undefined {
  return labels || deploy?.labels ? { ...deploy?.labels, ...labels } : undefined
}

function volumesFrom(text: string): VolumesFrom {
  const [first = '', second, third] = text.split(':')
  if (first === 'container') return { from: 'container', name: second ?? '', readOnly: third === 'ro' }
  return { from: 'service', name: first, readOnly: second === 'ro' }
}

function hookOf(hook: HookModel): Hook {
  const environment = Object.entries(hook.environment ?? {}).filter((entry): entry is [string, string] => entry[1] !== null)
  return {
    command: hook.command ?? [],
    ...present({
      user: hook.user,
      privileged: hook.privileged,
      workingDir: hook.working_dir,
      environment: environment.length === 0 ? undefined : Object.fromEntries(environment),
    }),
  }
}
