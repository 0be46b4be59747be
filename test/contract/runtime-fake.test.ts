// The Runtime contract on the scriptable fake.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { createFakeRuntime, type FakeCue } from '../../packages/pushway/src/drivers/runtime/fake/index.ts'
import { type ContractApp, runtimeContract } from './runtime.contract.ts'

const cues: Readonly<Record<ContractApp, FakeCue>> = {
  good: { readyAfterMs: 50, output: ['started'] },
  crashes: { crashAfterMs: 150, readyAfterMs: 10_000, problem: 'exited with code 1: Error: no database' },
  exits: { crashAfterMs: 0, problem: 'exited with code 3' },
  'never-ready': { neverReady: 'GET /ready answered 503' },
  'slow-to-stop': { stopMs: 300 },
}

function digestOf(app: ContractApp): Digest {
  return `sha256:${Buffer.from(app).toString('hex').padEnd(64, '0')}`
}

runtimeContract('fake', async () => ({
  runtime: createFakeRuntime({
    clock: { now: () => Date.now() },
    cueFor: (spec) => {
      const app = (Object.keys(cues) as ContractApp[]).find((name) => digestOf(name) === spec.image.digest)
      return app ? cues[app] : { refuse: fail('image-missing', { image: spec.image.digest }) }
    },
  }),
  image: (app) => ({ repository: `acme/${app}`, digest: digestOf(app), origin: 'pushed' }),
  close: async () => undefined,
}))
