// Which base images stand for the machine's own userland: pure.

import { parseReference } from '../reference.ts'

/** A base on the machine's own userland; `node`: the version of Node.js it brings. */
export interface HostBase {
  readonly node?: string
}

const plain = new Set(['library/alpine', 'library/debian', 'library/ubuntu', 'library/busybox'])

/**
 * The host base that an image reference stands for: `scratch`, the official `node` images, distroless Node.js, and the plain distributions.
 * Undefined for all others: what they contain is not on this machine.
 */
export function hostBase(image: string): HostBase | undefined {
  if (image === 'scratch') return {}
  const { registry, repository, tag = 'latest' } = parseReference(image)
  if (registry === 'docker.io' && repository === 'library/node') return { node: nodeVersion(tag) }
  if (registry === 'docker.io' && plain.has(repository)) return {}
  const distroless = registry === 'gcr.io' ? /^distroless\/(?:nodejs(\d+)?(?:-debian\d+)?|static|base|cc)(?:-debian\d+)?$/.exec(repository) : null
  if (!distroless) return undefined
  const major = distroless[1] ?? /^(\d+)/.exec(tag)?.[1]
  return repository.startsWith('distroless/nodejs') ? { node: major ?? 'latest' } : {}
}

/** `18-alpine` → `18`; `lts-slim` → `lts/*`; `hydrogen` → `lts/hydrogen`; `alpine`, `bookworm` → `latest`. */
function nodeVersion(tag: string): string {
  const [first = ''] = tag.split('-')
  if (/^\d+(\.\d+){0,2}$/.test(first)) return first
  if (first === 'lts') return 'lts/*'
  const names = ['argon', 'boron', 'carbon', 'dubnium', 'erbium', 'fermium', 'gallium', 'hydrogen', 'iron', 'jod', 'krypton']
  return names.includes(first) ? `lts/${first}` : 'latest'
}

/** Why a base is refused. */
export function refusedBase(image: string): string {
  return `FROM ${image}: without Docker, images are made on this machine's own userland, which stands for scratch, node, alpine, debian, ubuntu, busybox and gcr.io/distroless, and images made here before; ${image} is none of these`
}
