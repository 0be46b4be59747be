// Limits, restarts and updates of a service, from the service's own attributes and from `deploy`.

import type { BlockLimits, DeviceRequest, Resources, RestartPolicy, UpdatePolicy } from '../../app/container.ts'
import { parseWhole } from '../units.ts'
import { type MakingService, milliseconds, placeAt, present, presentOrNothing } from './making.ts'
import type { BlkioModel, DeviceRequestModel, ServiceModel, UpdateModel } from './model.ts'

/** Limits and reservations; undefined when there are none. */
export function resourcesOf(service: ServiceModel): Resources | undefined {
  const { limits, reservations } = service.deploy?.resources ?? {}
  const bytes = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  const requests = [...(service.gpus ?? []), ...(reservations?.devices ?? [])]
  return presentOrNothing({
    cpus: service.cpus ?? limits?.cpus,
    cpuReservation: reservations?.cpus,
    memoryBytes: bytes(service.mem_limit ?? limits?.memory),
    memoryReservationBytes: bytes(service.mem_reservation ?? reservations?.memory),
    memorySwapBytes: bytes(service.memswap_limit),
    memorySwappiness: bytes(service.mem_swappiness),
    pids: service.pids_limit ?? limits?.pids,
    cpuset: service.cpuset,
    cpuShares: service.cpu_shares,
    cpuPeriodUs: service.cpu_period,
    cpuQuotaUs: service.cpu_quota,
    cpuRealtimePeriodUs: service.cpu_rt_period,
    cpuRealtimeRuntimeUs: service.cpu_rt_runtime,
    cpuCount: service.cpu_count,
    cpuPercent: service.cpu_percent,
    block: service.blkio_config && blockLimits(service.blkio_config),
    devices: requests.length === 0 ? undefined : requests.map((request) => deviceRequest(request, service.gpus?.includes(request) ?? false)),
  })
}

function blockLimits(config: BlkioModel): BlockLimits {
  const rates = (all: BlkioModel['device_read_bps']) => all?.map(({ Path: path, Rate: rate }) => ({ path, rate: Number(rate) }))
  return present({
    weight: config.weight,
    weightDevices: config.weight_device?.map(({ Path: path, Weight: weight }) => ({ path, weight })),
    readBytes: rates(config.device_read_bps),
    readOperations: rates(config.device_read_iops),
    writeBytes: rates(config.device_write_bps),
    writeOperations: rates(config.device_write_iops),
  })
}

/** `gpus` asks for the capability `gpu` without saying so. */
function deviceRequest(request: DeviceRequestModel, gpu: boolean): DeviceRequest {
  const capabilities = gpu ? [...new Set(['gpu', ...(request.capabilities ?? [])])] : request.capabilities
  return present({ driver: request.driver, count: request.count, ids: request.device_ids, capabilities, options: request.options })
}

/** `restart`, else `deploy.restart_policy`; undefined when the file says neither. */
export function restartOf(service: ServiceModel, making: MakingService): RestartPolicy | undefined {
  const policy = service.deploy?.restart_policy
  const place = placeAt(making, ['services', making.name, service.restart === undefined ? 'deploy' : 'restart'])
  if (service.restart !== undefined) {
    const [, kind, retries] = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(service.restart) ?? []
    if (kind === undefined || (retries !== undefined && kind !== 'on-failure'))
      return making.report.error(
        place,
        'compose-value',
        `services.${making.name}.restart must be no, always, on-failure, on-failure:N or unless-stopped, not "${service.restart}".`,
      )
    return { policy: kind as RestartPolicy['policy'], ...present({ maxRetries: retries === undefined ? undefined : parseWhole(retries) }) }
  }
  if (!policy) return undefined
  const conditions = { none: 'no', 'on-failure': 'on-failure', any: 'always' } as const
  const condition = policy.condition ?? 'any'
  if (!Object.hasOwn(conditions, condition))
    return making.report.error(
      place,
      'compose-value',
      `services.${making.name}.deploy.restart_policy.condition must be none, on-failure or any, not "${condition}".`,
    )
  return {
    policy: conditions[condition as keyof typeof conditions],
    ...present({ maxRetries: policy.max_attempts, delayMs: milliseconds(policy.delay), windowMs: milliseconds(policy.window) }),
  }
}

/** `deploy.update_config` or `rollback_config`. */
export function updateOf(key: 'update_config' | 'rollback_config', service: ServiceModel, making: MakingService): UpdatePolicy | undefined {
  const update: UpdateModel | undefined = service.deploy?.[key]
  if (!update) return undefined
  const action = update.failure_action
  if (action !== undefined && !['continue', 'pause', 'rollback'].includes(action)) {
    const place = placeAt(making, ['services', making.name, 'deploy', key, 'failure_action'])
    return making.report.error(
      place,
      'compose-value',
      `services.${making.name}.deploy.${key}.failure_action must be continue, pause or rollback, not "${action}".`,
    )
  }
  return present({
    parallelism: update.parallelism,
    order: update.order,
    delayMs: milliseconds(update.delay),
    failureAction: action as UpdatePolicy['failureAction'],
    monitorMs: milliseconds(update.monitor),
    maxFailureRatio: update.max_failure_ratio,
  })
}
