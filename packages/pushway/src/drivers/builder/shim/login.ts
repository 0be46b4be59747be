// `docker login` and `docker logout` for the aliases of the embedded registry.

import { fail } from '@pushway/core/reason/errors.ts'
import { readStream } from '../../../oci/read.ts'
import { Secret } from '../../../util/secret.ts'
import { lastValue, readFlags } from './flags.ts'
import { authKey } from './images.ts'
import { checkSignIn } from './registry-client.ts'
import { readAuth, type Settings, writeAuth } from './settings.ts'

/** The registry that an argument names; another than ours is refused before anything is sent. */
function requireRegistry(settings: Settings, text: string | undefined): string {
  const host = (text ?? 'docker.io').replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  const registry = host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host
  if (registry === settings.registry || settings.aliases.includes(registry)) return registry
  throw fail('registry-not-alias', { registry, aliases: settings.aliases.join(', ') })
}

export async function dockerLogin(settings: Settings, args: readonly string[]): Promise<void> {
  const usage = 'docker login [-u USER] [-p PASSWORD | --password-stdin] REGISTRY'
  const flags = readFlags('login', args, { values: { username: 'u', password: 'p' }, switches: { 'password-stdin': undefined }, positional: [0, 1], usage })
  const { io, registry: host, dockerConfig } = settings
  const registry = requireRegistry(settings, flags.positional[0])
  const username = lastValue(flags, 'username')
  const fromStdin = flags.switches.has('password-stdin')
  const password = fromStdin ? (await readStream(io.stdin, 64 * 1024)).toString().replace(/\r?\n$/, '') : lastValue(flags, 'password')
  if (username === undefined || !password) {
    throw fail('usage', { problem: 'docker login needs a user name and a password; it does not ask for them.', hint: `Usage: ${usage}` })
  }
  if (!fromStdin) io.stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n')
  const auth = new Secret(Buffer.from(`${username}:${password}`).toString('base64'))
  if (host === undefined) io.stdout.write('There is no registry in a local run: the credential is kept and not checked\n')
  else await checkSignIn({ host, auth, log: () => undefined })
  writeAuth(dockerConfig, authKey(registry), auth)
  io.stdout.write('Login Succeeded\n')
}

export async function dockerLogout(settings: Settings, args: readonly string[]): Promise<void> {
  const flags = readFlags('logout', args, { positional: [0, 1], usage: 'docker logout REGISTRY' })
  const registry = requireRegistry(settings, flags.positional[0])
  const there = readAuth(settings.dockerConfig, authKey(registry)) !== undefined
  writeAuth(settings.dockerConfig, authKey(registry), undefined)
  settings.io.stdout.write(there ? `Removing login credentials for ${registry}\n` : `Not logged in to ${registry}\n`)
}
