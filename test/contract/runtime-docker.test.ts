// The Runtime contract on the Docker driver: real containers.

import { describe } from 'vitest'
import { containerPrograms } from '../support/container-programs.ts'
import { openDockerRuntime } from '../support/docker-runtime.ts'
import { needs } from '../support/needs.ts'
import { type ContractApp, runtimeContract } from './runtime.contract.ts'

const docker = needs('docker')

describe.skipIf(docker.skip)(`a Docker Engine ${docker.reason}`, () => {
  runtimeContract('docker', async () => {
    const bench = openDockerRuntime()
    const names = Object.keys(containerPrograms) as ContractApp[]
    const images = Object.fromEntries(
      await Promise.all(
        names.map(async (name) => [
          name,
          await bench.build({ 'server.js': containerPrograms[name] }, 'FROM node:20-slim\nCOPY server.js /app/server.js\nCMD ["node", "/app/server.js"]\n'),
        ]),
      ),
    ) as Record<ContractApp, Awaited<ReturnType<typeof bench.build>>>
    return { runtime: bench.runtime, image: (app) => images[app], close: bench.close }
  })
})
