// pushway member: who may do what with a project.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Role } from '@pushway/core/views/types.ts'
import { Argument, type Command } from 'commander'
import type { MemberView } from '../../ports/accounts.ts'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { note, type OutputFormat, printList, type Shape, withOutput } from '../output.ts'

const shape: Shape<MemberView> = {
  name: (member) => `member/${member.user}`,
  none: 'The project has no members: only administrators reach it.',
  columns: [
    { title: 'USER', text: (member) => member.user },
    { title: 'ROLE', text: (member) => member.role },
  ],
}

/** Adds `pushway member`. */
export function register(program: Command): void {
  const member = program.command('member').summary('members of a project: set, ls').description('Who may do what with a project.')
  withProject(
    member
      .command('set')
      .description('Gives a user a role on the project.')
      .argument('<user>', 'the user name')
      .addArgument(new Argument('<role>', 'what the user may do').choices(['read', 'write', 'admin'])),
  ).action(set)
  withOutput(withProject(member.command('ls').description('The members and their roles.'))).action(list)
}

async function set(user: string, role: Role, options: ProjectOptions): Promise<void> {
  if (user === '') throw fail('usage', { problem: 'The user name is empty.', hint: 'See pushway user ls.' })
  const { client, project } = await connectProject(options)
  await client.setMember(project, user, role)
  note(`${user} may ${role === 'admin' ? 'administer' : role === 'write' ? 'change' : 'read'} ${project}.`)
}

async function list(options: ProjectOptions & { readonly output: OutputFormat }): Promise<void> {
  const { client, project } = await connectProject(options)
  await printList(await client.members(project), options.output, shape)
}
