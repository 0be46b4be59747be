// docker/setup-buildx-action and docker/setup-qemu-action: `docker build` works without them; what they could not do here is said.

import { ActionFailure } from '../actions/types.ts'
import type { Kit } from './kit.ts'

const machine = process.arch === 'x64' ? 'linux/amd64' : `linux/${process.arch}`

const buildxInputs = [...['version', 'driver', 'driver-opts', 'buildkitd-flags', 'buildkitd-config', 'buildkitd-config-inline', 'endpoint', 'append', 'name']]

export async function setupBuildx(kit: Kit): Promise<void> {
  const given = buildxInputs.filter((name) => kit.input(name) !== '')
  if (given.length > 0) kit.warning(`${given.join(', ')}: no builder of BuildKit is started here; docker build uses the builder of this machine.`)
  refusePlatforms(kit, 'The builder')
  kit.setOutput('name', 'pushway')
  kit.setOutput('driver', 'docker')
  kit.setOutput('platforms', machine)
  kit.setOutput('nodes', JSON.stringify([{ name: 'pushway', platforms: machine }]))
}

export async function setupQemu(kit: Kit): Promise<void> {
  refusePlatforms(kit, 'This machine')
  kit.warning(`No other machines are emulated here: only images for ${machine} can be built.`)
  kit.setOutput('platforms', machine)
}

function refusePlatforms(kit: Kit, who: string): void {
  const foreign = kit
    .input('platforms')
    .split(',')
    .map((platform) => platform.trim())
    .filter((platform) => platform !== '' && platform !== 'all' && platform !== machine && platform !== machine.replace('linux/', ''))
  if (foreign.length > 0) throw new ActionFailure(`platforms: ${foreign.join(', ')}: ${who.toLowerCase()} has ${machine} only.`)
}
