// Podman's API service on storage of its own, for the time of a test file.

import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EngineAddress, enginePings } from '../../packages/pushway/src/util/engine-api/index.ts'
import { tempDir } from './temp.ts'

export interface PodmanService {
  readonly address: EngineAddress
  stop(): Promise<void>
}

/** Starts the service; it answers when this returns. */
export async function startPodman(): Promise<PodmanService> {
  const dir = tempDir('podman')
  const socket = join(dir, 'podman.sock')
  const place = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run')]
  // Its own defaults ask for limits that a machine may not give, for networks in a shared folder, and for crun, which not every cgroup layout suits.
  const settings = join(dir, 'containers.conf')
  const ulimits = ['nofile=4096:4096', 'nproc=8192:8192']
  writeFileSync(
    settings,
    `[containers]\ndefault_ulimits = ${JSON.stringify(ulimits)}\n[network]\nnetwork_config_dir = "${join(dir, 'networks')}"\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n`,
  )
  const env = { ...process.env, CONTAINERS_CONF: settings }
  const child = spawn('podman', [...place, 'system', 'service', '--time=0', `unix://${socket}`], { stdio: 'ignore', env })
  const address: EngineAddress = { kind: 'unix', path: socket, foundBy: 'the test' }
  for (const end = Date.now() + 20_000; !(await enginePings(address, 1_000)); await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (Date.now() > end || child.exitCode !== null) throw new Error('podman does not serve')
  }
  return {
    address,
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
      const reset = spawn('podman', [...place, 'system', 'reset', '--force'], { stdio: 'ignore', env })
      await new Promise((resolve) => reset.once('exit', resolve))
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
