// What a service mounts, as folders and files of this machine.

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ProgramFile, ProgramMount } from '../../../ports/agent.ts'
import type { GroupSpec, ResolvedMount } from '../../../ports/runtime.ts'

export interface PlacedMounts {
  /** Path of the image → path here; of what is copied for each instance with `{run}`. */
  readonly mounts: Readonly<Record<string, string>>
  /** Path of the image → where its content is now. */
  readonly sources: Readonly<Record<string, string>>
  readonly program: readonly ProgramMount[]
  readonly files: readonly ProgramFile[]
  /** Folders that the instance writes to: volumes. */
  readonly keep: readonly string[]
}

interface Placing {
  readonly volumesDir: string
  /** A host program has no tree: what is its own is in `{run}`. */
  readonly host: boolean
}

/** @throws PushwayError `mount-missing`, `not-yet` for kinds that need an engine */
export function placeMounts(spec: GroupSpec, placing: Placing): PlacedMounts {
  const all = (spec.mounts ?? []).map((mount, index) => placeOne(spec, mount, { ...placing, index }))
  return {
    mounts: Object.fromEntries(all.map(({ target, path }) => [target, path])),
    sources: Object.fromEntries(all.flatMap(({ target, source }) => (source === undefined ? [] : [[target, source]]))),
    program: all.flatMap(({ mount }) => mount ?? []),
    files: all.flatMap(({ file }) => file ?? []),
    keep: all.flatMap(({ keep }) => keep ?? []),
  }
}

interface One {
  readonly target: string
  readonly path: string
  readonly source?: string
  readonly mount?: ProgramMount
  readonly file?: ProgramFile
  readonly keep?: string
}

function placeOne(spec: GroupSpec, mount: ResolvedMount, { volumesDir, host, index }: Placing & { readonly index: number }): One {
  const target = mount.target.replace(/\/+$/, '') || '/'
  const own = host ? `{run}/mount-${index}` : target
  switch (mount.kind) {
    case 'volume': {
      // Without a name it is the instance's own and goes with it: its tree has the folder already.
      if (!mount.volume) return { target, path: own }
      const path = join(volumesDir, ...(mount.subpath ? [mount.volume.name, mount.subpath] : [mount.volume.name]))
      return { target, path, source: path, keep: path, ...(host ? {} : { mount: { target, path, copy: false } }) }
    }
    case 'bind': {
      if (!existsSync(mount.path)) throw fail('mount-missing', { service: spec.service, path: mount.path, target })
      // A folder that may be written to is shared; what is only read is the instance's own copy, so that nothing of ours is uncovered for it.
      if (!mount.readOnly && statSync(mount.path).isDirectory()) {
        return { target, path: mount.path, source: mount.path, keep: mount.path, ...(host ? {} : { mount: { target, path: mount.path, copy: false } }) }
      }
      return { target, path: own, source: mount.path, mount: { target: own, path: mount.path, copy: true } }
    }
    case 'file': {
      const path = host ? own : `{tree}${target}`
      return { target, path, file: { path, text: '', base64: mount.contentBase64, mode: mount.mode ?? 0o444 } }
    }
    case 'tmpfs':
      return { target, path: own }
    case 'image':
      throw fail('not-yet', { what: `${spec.service}: a mount of the image ${mount.image}, without an engine` })
  }
}
