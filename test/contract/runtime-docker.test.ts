// The Runtime contract on the Docker driver: real containers of a Docker Engine, and of Podman's API service.

import { afterAll, beforeAll, describe } from 'vitest'
import { containerPrograms } from '../support/container-programs.ts'
import { openDockerRuntime } from '../support/docker-runtime.ts'
import { ensureNodeImage, nodeImage } from '../support/engine-images.ts'
import { needs, podmanServes } from '../support/needs.ts'
import { type PodmanService, startPodman } from '../support/podman.ts'
import { type ContractApp, type RuntimeHarness, runtimeContract } from './runtime.contract.ts'

async function harness(...address: Parameters<typeof openDockerRuntime>): Promise<RuntimeHarness> {
  const bench = openDockerRuntime(...address)
  await ensureNodeImage(bench.engine)
  const dockerfile = `FROM ${nodeImage}\nCOPY server.js /app/server.js\nCMD ["node", "/app/server.js"]\n`
  const images: Partial<Record<ContractApp, Awaited<ReturnType<typeof bench.build>>>> = {}
  for (const name of Object.keys(containerPrograms) as ContractApp[]) images[name] = await bench.build({ 'server.js': containerPrograms[name] }, dockerfile)
  const image = (app: ContractApp) => {
    const found = images[app]
    if (!found) throw new Error(`no image of ${app}`)
    return found
  }
  return { runtime: bench.runtime, image, close: bench.close, restartsAtOnce: (await bench.engine.version()).engine === 'podman' }
}

const docker = needs('docker')

describe.skipIf(docker.skip)(`a Docker Engine ${docker.reason}`, () => {
  runtimeContract('docker', () => harness())
})

const podman = podmanServes()

describe.skipIf(podman.skip)(`Podman ${podman.reason}`, () => {
  let service: PodmanService
  beforeAll(async () => {
    service = await startPodman()
  })
  afterAll(() => service.stop())
  runtimeContract('podman', () => harness(service.address))
})
