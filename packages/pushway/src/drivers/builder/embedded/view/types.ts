// What a RUN sees, and whose the files are that it leaves.

import type { Owner } from '../../../../oci/extract.ts'

/**
 * `image`: the image's own files are the root. `folder`: they are a folder of this machine, and absolute paths are the machine's; `why` is a sentence.
 * `ids`: `range`: the image's users are as many uids of this machine; `single`: all of them are the user who builds.
 */
export type BuildView =
  | { readonly kind: 'image'; readonly ids: 'range' | 'single'; readonly overlay: boolean }
  | { readonly kind: 'folder'; readonly why: string }

/** The first uid (and gid) of this machine that stands for one of an image: above all that people and distributions give out. */
export const idBase = 0x7000_0000
/** As many as `useradd` and images use. */
export const idCount = 65_536

/** The image's owner → the owner of its file on this machine; undefined where all files are the builder's. */
export function ownerOnDisk(view: BuildView): ((owner: Owner) => Owner) | undefined {
  if (view.kind !== 'image' || view.ids !== 'range') return undefined
  const shift = (id: number) => idBase + Math.min(id, idCount - 1)
  return ({ uid, gid }) => ({ uid: shift(uid), gid: shift(gid) })
}

/** The image's owner of a file of this machine; undefined where the disk does not know. */
export function ownerInImage(view: BuildView, onDisk: Owner): Owner | undefined {
  if (view.kind !== 'image' || view.ids !== 'range') return undefined
  const back = (id: number) => (id >= idBase && id < idBase + idCount ? id - idBase : 0)
  return { uid: back(onDisk.uid), gid: back(onDisk.gid) }
}
