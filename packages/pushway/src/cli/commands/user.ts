// pushway user: the people of the installation. For administrators.

import type { UserView } from '@pushway/core/views/types.ts'
import type { Command } from 'commander'
import { connect, type ServerOptions, withServer } from '../connection.ts'
import { note, type OutputFormat, printList, printOne, type Shape, withOutput } from '../output.ts'

const shape: Shape<UserView> = {
  name: (user) => `user/${user.name}`,
  none: 'There are no users.',
  columns: [
    { title: 'USER', text: (user) => user.name },
    { title: 'ADMINISTRATOR', text: (user) => (user.admin ? 'yes' : 'no') },
  ],
}

/** Adds `pushway user`. */
export function register(program: Command): void {
  const user = program.command('user').summary('users: create, ls, disable').description('The users of the installation. Only administrators may change them.')
  withOutput(
    withServer(
      user
        .command('create')
        .description('Creates a user and prints an address that signs in once.')
        .argument('<name>', 'the user name')
        .option('--admin', 'administers the installation'),
    ),
  ).action(create)
  withOutput(withServer(user.command('ls').description('All users.'))).action(list)
  withServer(user.command('disable').description("Ends a user's sessions and tokens, for good.").argument('<name>', 'the user name')).action(disable)
}

async function create(name: string, options: ServerOptions & { readonly admin?: boolean; readonly output: OutputFormat }): Promise<void> {
  const made = await connect(options).client.createUser(name, options.admin === true)
  await printOne(made, options.output, { name: `user/${name}`, describe: () => made.signIn.url })
  note(`${name} signs in with this address, once: in a browser, or with pushway login ADDRESS.`)
}

async function list(options: ServerOptions & { readonly output: OutputFormat }): Promise<void> {
  await printList(await connect(options).client.users(), options.output, shape)
}

async function disable(name: string, options: ServerOptions): Promise<void> {
  await connect(options).client.disableUser(name)
  note(`${name} can't sign in any more.`)
}
