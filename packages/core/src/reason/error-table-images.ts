// Errors about images, registries and where their bytes are kept: rows of the error table.

import { entry } from './error-entry.ts'

/** Code → what the error is and says. */
export const imageErrors = {
  'image-not-pinned': entry<{ service: string; problem: string }>({
    kind: 'user',
    http: 409,
    exit: 1,
    say: (f) => `The image of service ${f.service} can't be pinned: ${f.problem}.`,
    next: () => 'Build and push it in the run, or give the service a `build:`.',
  }),
  'image-not-runnable': entry<{ image: string; base: string; runtime: string }>({
    kind: 'user',
    http: 409,
    exit: 1,
    say: (f) => `${f.image} can't run on the ${f.runtime} runtime: its base is ${f.base}.`,
    next: (f) =>
      f.base.startsWith('host')
        ? "Build it with a container engine (`builder: docker`; a job's user must be allowed to use the engine's socket), or choose `runtime: process`."
        : 'Build it with the embedded builder, or choose another runtime for the environment.',
  }),
  'image-missing': entry<{ image: string }>({
    kind: 'user',
    http: 404,
    exit: 5,
    say: (f) => `${f.image} is not in the registry.`,
    next: () => 'Push it first, or re-run the build.',
  }),
  'blob-damaged': entry<{ digest: string; got: string }>({
    kind: 'user',
    http: 500,
    exit: 1,
    say: (f) => `The stored blob ${f.digest} is damaged: its content's digest is ${f.got}.`,
    next: () => 'Find all that is damaged with `pushway image scrub`, then push the image again.',
  }),
  'image-without-bill': entry<{ image: string }>({
    kind: 'user',
    http: 404,
    exit: 4,
    say: (f) => `${f.image} has no bill of materials that a key of its project signed.`,
    next: () => 'It is made shortly after each push; `pushway image inspect` says what is wrong with the ones that are there.',
  }),
  'image-in-use': entry<{ image: string; where: string }>({
    kind: 'user',
    http: 409,
    exit: 3,
    say: (f) => `${f.image} can't be deleted: it is ${f.where}.`,
    next: () => 'Deploy something else there first; how many releases stay ready for a rollback is set with `pushway image policy`.',
  }),
  'image-invalid': entry<{ image: string; problem: string }>({
    kind: 'user',
    http: 422,
    exit: 1,
    say: (f) => `The image ${f.image} can't be used: ${f.problem}.`,
    next: () => 'Build or push it again.',
  }),
  'registry-not-alias': entry<{ registry: string; aliases: string }>({
    kind: 'user',
    http: 400,
    exit: 2,
    say: (f) => `Registry ${f.registry} is not an alias of the embedded registry (aliases: ${f.aliases}).`,
    next: () => 'Name the image with one of the aliases, or add the registry to PUSHWAY_REGISTRY_ALIASES.',
  }),
  'registry-refused': entry<{ reference: string; problem: string }>({
    kind: 'environment',
    http: 502,
    exit: 1,
    say: (f) => `The registry refused ${f.reference}: ${f.problem}.`,
    next: () => 'Check the name and the credential: docker login.',
  }),
  'digest-mismatch': entry<{ wanted: string; got: string }>({
    kind: 'user',
    http: 400,
    exit: 1,
    say: (f) => `The content's digest is ${f.got}, not ${f.wanted}.`,
    next: () => 'Send it again.',
  }),
  'storage-refused': entry<{ where: string; problem: string }>({
    kind: 'environment',
    http: 503,
    exit: 1,
    say: (f) => `The blob storage ${f.where} does not do what it was asked: ${f.problem}.`,
    next: () => 'Check that it is up, the bucket exists and the key may read, write, list and delete; then try again.',
  }),
  'upstream-refused': entry<{ upstream: string; problem: string }>({
    kind: 'environment',
    http: 502,
    exit: 1,
    say: (f) => `${f.upstream} does not give what it was asked for: ${f.problem}.`,
    next: () => 'Try again later, or check its address and credentials: pushway image mirror ls.',
  }),
  'address-refused': entry<{ url: string; problem: string }>({
    kind: 'user',
    http: 403,
    exit: 1,
    say: (f) => `${f.url} is not asked: ${f.problem}.`,
    next: () => 'Use a public address, or allow the private one where it is configured.',
  }),
} as const
