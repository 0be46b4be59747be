// `image` and `build` of a service → where its image comes from.

import type { BuildOptions, ImageSource } from '../../app/types.ts'
import { isRemoteContext } from '../paths.ts'
import { type MakingService, placeAt, placeOfPath, present, presentOrNothing } from './making.ts'
import type { BuildModel, ServiceModel, UlimitsModel } from './model.ts'

/** The source of a service's image; undefined, with a finding, when there is none that can be used. */
export function imageSource(service: ServiceModel, making: MakingService): ImageSource | undefined {
  const { name, report } = making
  const { build, image } = service
  if (build) return buildSource(build, image, making)
  const place = placeAt(making, ['services', name, 'image'])
  if (image === undefined || image === '')
    return report.error(place, 'compose-no-image', `services.${name} has neither image nor build: nothing says what it runs.`)
  if (!/^[A-Za-z0-9][\w.:/-]*(@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/.test(image))
    return report.error(place, 'compose-value', `services.${name}.image must be an image such as redis:7 or ghcr.io/acme/hello, not "${image}".`)
  return { kind: 'image', reference: image }
}

function buildSource(build: BuildModel, image: string | undefined, making: MakingService): ImageSource | undefined {
  const place = placeAt(making, ['services', making.name, 'build', 'context'])
  if (isRemoteContext(build.context) && making.inRepository)
    return making.report.error(
      place,
      'compose-not-yet',
      `services.${making.name}.build from ${build.context} is not supported yet: see docs/compatibility/compose.md.`,
    )
  if (making.inRepository && !isRemoteContext(build.context) && placeOfPath(build.context, place, making)?.from !== 'project') {
    return making.report.error(place, 'compose-outside', `services.${making.name}.build leads out of the repository.`)
  }
  const options = buildOptions(build)
  return {
    kind: 'build',
    context: build.context,
    dockerfile: build.dockerfile ?? 'Dockerfile',
    ...present({ target: build.target, image, options }),
  }
}

function buildOptions(build: BuildModel): BuildOptions | undefined {
  return presentOrNothing({
    args: build.args,
    dockerfileInline: build.dockerfile_inline,
    additionalContexts: build.additional_contexts,
    labels: build.labels,
    tags: build.tags,
    platforms: build.platforms,
    cacheFrom: build.cache_from,
    cacheTo: build.cache_to,
    noCache: build.no_cache,
    pull: build.pull,
    network: build.network,
    extraHosts: build.extra_hosts && hostPairs(build.extra_hosts),
    secrets: build.secrets?.map(({ source, target }) => ({ source, id: target ?? source })),
    ssh: build.ssh?.map(sshKey),
    shmBytes: build.shm_size === undefined ? undefined : Number(build.shm_size),
    ulimits: build.ulimits && ulimitsOf(build.ulimits),
    privileged: build.privileged,
    entitlements: build.entitlements,
    provenance: build.provenance,
    sbom: build.sbom,
    isolation: build.isolation,
  })
}

function sshKey(text: string): { readonly id: string; readonly path?: string } {
  const [id = '', ...path] = text.split(': ')
  return { id, ...(path.length > 0 ? { path: path.join(': ') } : {}) }
}

/** `HOST=ADDRESS` as pairs. */
export function hostPairs(hosts: readonly string[]): readonly { readonly host: string; readonly address: string }[] {
  return hosts.map((text) => ({ host: text.slice(0, text.indexOf('=')), address: text.slice(text.indexOf('=') + 1) }))
}

/** One number is both limits. */
export function ulimitsOf(ulimits: UlimitsModel): Readonly<Record<string, { readonly soft: number; readonly hard: number }>> {
  return Object.fromEntries(
    Object.entries(ulimits).map(([name, value]) => [
      name,
      typeof value === 'number' ? { soft: value, hard: value } : { soft: value.soft ?? 0, hard: value.hard ?? 0 },
    ]),
  )
}
