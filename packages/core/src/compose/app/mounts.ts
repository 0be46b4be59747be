// `volumes`, `tmpfs`, `configs` and `secrets` of a service → what it sees where.

import type { Mount } from '../../app/parts.ts'
import { parseBytes } from '../units.ts'
import { type MakingService, placeAt, placeOfPath, present } from './making.ts'
import type { FileReferenceModel, ServiceModel, VolumeMountModel } from './model.ts'

/** Every mount, in the order of the file. */
export function mountsOf(service: ServiceModel, making: MakingService): readonly Mount[] {
  const { name } = making
  return [
    ...(service.volumes ?? []).flatMap((volume, index) => volumeMount(volume, index, making) ?? []),
    ...(service.tmpfs ?? []).map(tmpfsMount),
    ...(service.configs ?? []).flatMap((file, index) => fileMount(file, { from: 'config', path: ['services', name, 'configs', String(index)] }, making)),
    ...(service.secrets ?? []).flatMap((file, index) => fileMount(file, { from: 'secret', path: ['services', name, 'secrets', String(index)] }, making)),
  ]
}

function volumeMount(volume: VolumeMountModel, index: number, making: MakingService): Mount | undefined {
  const what = `services.${making.name}.volumes[${index}]`
  const place = placeAt(making, ['services', making.name, 'volumes', String(index)])
  const { target = '', source = '', read_only: readOnly = false } = volume
  if (!target.startsWith('/')) return making.report.error(place, 'compose-value', `${what} must have an absolute target, not "${target}".`)
  switch (volume.type) {
    case 'volume': {
      const { nocopy: noCopy, subpath } = volume.volume ?? {}
      return { kind: 'volume', ...(source === '' ? {} : { volume: source }), target, readOnly, ...present({ noCopy, subpath }) }
    }
    case 'bind': {
      const from = placeOfPath(source, place, making)
      const { selinux, propagation, create_host_path: createPath, recursive } = volume.bind ?? {}
      const label = selinux === undefined ? undefined : selinux === 'z' ? ('shared' as const) : ('private' as const)
      return from && { kind: 'bind', ...from, target, readOnly, ...present({ createPath, propagation, selinux: label, recursive }) }
    }
    case 'tmpfs': {
      const { size, mode } = volume.tmpfs ?? {}
      return { kind: 'tmpfs', target, ...present({ sizeBytes: size === undefined ? undefined : Number(size), mode }) }
    }
    case 'image':
      return { kind: 'image', image: source, target, readOnly, ...present({ subpath: volume.image?.subpath }) }
    default:
      return making.report.error(
        place,
        'compose-not-yet',
        `${what} of type ${volume.type} is not supported: no runtime here has it; see docs/compatibility/compose.md.`,
      )
  }
}

/** `/run:size=64m,mode=1777`. */
function tmpfsMount(text: string): Mount {
  const [target = '', written = ''] = text.split(':')
  const options = written === '' ? [] : written.split(',')
  const size = options.find((option) => option.startsWith('size='))?.slice('size='.length)
  const mode = options.find((option) => option.startsWith('mode='))?.slice('mode='.length)
  const others = options.filter((option) => !/^(size|mode)=/.test(option))
  return {
    kind: 'tmpfs',
    target,
    ...present({
      sizeBytes: size === undefined ? undefined : parseBytes(size),
      mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
      options: others.length === 0 ? undefined : others,
    }),
  }
}

function fileMount(
  file: FileReferenceModel,
  { from, path }: { readonly from: 'config' | 'secret'; readonly path: readonly string[] },
  making: MakingService,
): readonly Mount[] {
  const folder = from === 'config' ? '' : '/run/secrets'
  const target = file.target ?? `/${file.source}`
  const whole = target.startsWith('/') ? target : `${folder}/${target}`
  if (whole.split('/').includes('..'))
    return making.report.error(placeAt(making, path), 'compose-value', `${path.join('.')}.target leads out of its folder: "${target}".`) ?? []
  return [
    {
      kind: 'file',
      from,
      source: file.source,
      target: whole,
      ...present({ uid: file.uid, gid: file.gid, mode: file.mode === undefined ? undefined : Number.parseInt(file.mode, 8) }),
    },
  ]
}
