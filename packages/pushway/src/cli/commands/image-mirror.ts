// pushway image mirror: registries whose images are pulled through the embedded one.

import type { MirrorView } from '@pushway/core/images/types.ts'
import type { Command } from 'commander'
import { connect, type ServerOptions, withServer } from '../connection.ts'
import { note, type OutputFormat, printList, type Shape, withOutput } from '../output.ts'
import { readValue } from '../prompt.ts'

const shape: Shape<MirrorView> = {
  name: ({ host }) => `mirror/${host}`,
  none: 'No other registry is asked: pushway image mirror set docker.io',
  columns: [
    { title: 'REGISTRY', text: ({ host }) => host },
    { title: 'ASKED AT', text: ({ url }) => url },
    { title: 'AS', text: ({ username }) => username ?? '(nobody)' },
    { title: 'PRIVATE NETWORK', text: ({ privateNetwork }) => (privateNetwork ? 'yes' : 'no') },
  ],
}

interface SetOptions extends ServerOptions {
  readonly url?: string
  readonly user?: string
  readonly privateNetwork?: boolean
}

/** Adds `mirror` to `pushway image`. */
export function registerMirror(image: Command): void {
  const mirror = image
    .command('mirror')
    .summary('other registries that are pulled through: ls, set, rm')
    .description('Registries that are asked for images which are not here. What they give is kept, and given out when they do not answer.')
  withOutput(withServer(mirror.command('ls').description('The registries that are asked. Credentials are never shown.'))).action(list)
  withServer(
    mirror
      .command('set')
      .description('Pulls the images of a registry through this one. Everyone who has signed in may pull what its credential can read.')
      .argument('<host>', 'as images name it: docker.io, ghcr.io')
      .option('--url <url>', 'where it is really asked: a mirror of it')
      .option('--user <name>', 'sign in there; the password or token comes from standard input, or is asked for')
      .option('--private-network', 'its address may be one of a private network'),
  ).action(set)
  withServer(mirror.command('rm').description('Asks that registry no more.').argument('<host>', 'as images name it')).action(remove)
}

async function list(options: ServerOptions & { readonly output: OutputFormat }): Promise<void> {
  await printList(await connect(options).client.mirrors(), options.output, shape)
}

async function set(host: string, options: SetOptions): Promise<void> {
  const { url, user, privateNetwork = false } = options
  const secret =
    user === undefined
      ? undefined
      : await readValue(`The password of ${user} at ${host}`, `Write: printf %s TOKEN | pushway image mirror set ${host} --user ${user}`)
  const body = { privateNetwork, ...(url === undefined ? {} : { url }), ...(user === undefined || secret === undefined ? {} : { username: user, secret }) }
  const made = await connect(options).client.setMirror(host, body)
  note(`Images of ${made.host} that are not here are asked for at ${made.url}, and kept as ${made.host}/NAME.`)
}

async function remove(host: string, options: ServerOptions): Promise<void> {
  await connect(options).client.removeMirror(host)
  note(`${host} is asked no more; what no environment needs of it goes with the next garbage collection.`)
}
