// pushway pr: pull requests from branches of the project's repository.

import { fail } from '@pushway/core/reason/errors.ts'
import { type Command, Option } from 'commander'
import { execProgram } from '../../util/exec.ts'
import { connectProject, type ProjectOptions, withProject } from '../connection.ts'
import { note, type OutputFormat, printList, printOne, withOutput } from '../output.ts'
import { describePull, patchOf, pullShape } from '../views/pulls.ts'

type Shown = ProjectOptions & { readonly output: OutputFormat }

/** Adds `pushway pr`. */
export function register(program: Command): void {
  const pr = program
    .command('pr')
    .summary('pull requests: create, list, view, diff, edit, comment, close, reopen, merge')
    .description('Pull requests from one branch of the repository into another.')
  addCreate(pr)
  addReading(pr)
  addChanging(pr)
}

interface CreateOptions extends Shown {
  readonly title?: string
  readonly body: string
  readonly head?: string
  readonly base?: string
  readonly draft?: boolean
}

function addCreate(pr: Command): void {
  withOutput(
    withProject(
      pr
        .command('create')
        .description('Opens a pull request; the branch must have been pushed.')
        .option('-t, --title <text>', "its title; the last commit's first line unless told")
        .option('-b, --body <text>', 'its text', '')
        .option('-H, --head <branch>', 'the branch to merge; the present one unless told')
        .option('-B, --base <branch>', 'the branch to merge into; the default branch unless told')
        .option('-d, --draft', 'not ready to be merged yet'),
    ),
  ).action(async (options: CreateOptions) => {
    const { client, project } = await connectProject(options)
    const head = options.head ?? (await fromGit(['branch', '--show-current'], '--head BRANCH'))
    const title = options.title ?? (await fromGit(['log', '-1', '--format=%s', head, '--'], '--title TEXT'))
    const { body, base, draft = false } = options
    const pull = await client.openPull(project, { title, body, head, draft, ...(base === undefined ? {} : { base }) })
    await printOne(pull, options.output, { name: `pr/${pull.number}`, describe: describePull })
  })
}

async function fromGit(args: readonly string[], instead: string): Promise<string> {
  const result = await execProgram(['git', ...args], { timeoutMs: 10_000 }).catch(() => undefined)
  const text = result?.exit === 0 ? result.stdout.trim() : ''
  if (text === '') throw fail('usage', { problem: `\`git ${args.slice(0, 2).join(' ')}\` gives nothing here.`, hint: `Use ${instead}.` })
  return text
}

function addReading(pr: Command): void {
  const state = new Option('-s, --state <state>', 'which').choices(['open', 'closed', 'all']).default('open')
  withOutput(withProject(pr.command('list').alias('ls').description('The pull requests, newest first.').addOption(state))).action(
    async (options: Shown & { readonly state: 'open' | 'closed' | 'all' }) => {
      const { client, project } = await connectProject(options)
      await printList(await client.pulls(project, options.state), options.output, pullShape)
    },
  )
  withOutput(withProject(pr.command('view').description('One pull request: commits, files, runs, comments.').argument('<number>', 'its number'))).action(
    async (number: string, options: Shown) => {
      const { client, project } = await connectProject(options)
      await printOne(await client.pull(project, numberOf(number)), options.output, { name: `pr/${number}`, describe: describePull })
    },
  )
  withProject(pr.command('diff').description('What it changes, as a patch.').argument('<number>', 'its number')).action(
    async (number: string, options: ProjectOptions) => {
      const { client, project } = await connectProject(options)
      process.stdout.write(`${patchOf(await client.pull(project, numberOf(number)))}\n`)
    },
  )
}

interface EditOptions extends ProjectOptions {
  readonly title?: string
  readonly body?: string
  readonly base?: string
  readonly addLabel: readonly string[]
  readonly removeLabel: readonly string[]
  readonly ready?: boolean
  readonly draft?: boolean
}

function addChanging(pr: Command): void {
  const list = (value: string, before: readonly string[]) => [...before, ...value.split(',')]
  withProject(
    pr
      .command('edit')
      .description('Changes its title, text, base or labels; makes it a draft or ready.')
      .argument('<number>', 'its number')
      .option('-t, --title <text>', 'another title')
      .option('-b, --body <text>', 'another text')
      .option('-B, --base <branch>', 'another branch to merge into')
      .option('--add-label <names>', 'labels to give it, with commas', list, [])
      .option('--remove-label <names>', 'labels to take off it, with commas', list, [])
      .option('--draft', 'not ready to be merged')
      .option('--ready', 'ready to be merged'),
  ).action(edit)
  withProject(
    pr.command('comment').description('Comments on it.').argument('<number>', 'its number').requiredOption('-b, --body <text>', 'the comment'),
  ).action(async (number: string, options: ProjectOptions & { readonly body: string }) => {
    const { client, project } = await connectProject(options)
    await client.commentPull(project, numberOf(number), options.body)
    note(`Commented on pull request ${number}.`)
  })
  for (const [verb, done] of [
    ['close', 'closed'],
    ['reopen', 'open again'],
  ] as const)
    withProject(
      pr
        .command(verb)
        .description(verb === 'close' ? 'Closes it without merging.' : 'Opens it again.')
        .argument('<number>', 'its number'),
    ).action(async (number: string, options: ProjectOptions) => {
      const { client, project } = await connectProject(options)
      await client.pullAction(project, numberOf(number), verb)
      note(`Pull request ${number} is ${done}.`)
    })
  withProject(
    pr
      .command('merge')
      .description('Merges it into its base.')
      .argument('<number>', 'its number')
      .option('-s, --squash', 'as one commit')
      .option('-m, --merge', 'with a commit of two parents (the default)'),
  ).action(async (number: string, options: ProjectOptions & { readonly squash?: boolean; readonly merge?: boolean }) => {
    if (options.squash && options.merge) throw fail('usage', { problem: '--squash and --merge are two ways.', hint: 'Give one.' })
    const { client, project } = await connectProject(options)
    const merged = await client.mergePull(project, numberOf(number), options.squash ? 'squash' : 'merge')
    note(`Pull request ${number} is merged: ${merged.mergeCommit?.slice(0, 7) ?? ''} on ${merged.base.ref}.`)
  })
}

async function edit(number: string, options: EditOptions): Promise<void> {
  if (options.ready && options.draft) throw fail('usage', { problem: '--draft and --ready are opposites.', hint: 'Give one.' })
  const { client, project } = await connectProject(options)
  const { title, body, base, addLabel, removeLabel } = options
  const draft = options.ready ? false : options.draft
  const changes = Object.fromEntries(Object.entries({ title, body, base, draft }).filter(([, value]) => value !== undefined))
  if (Object.keys(changes).length > 0) await client.editPull(project, numberOf(number), changes)
  if (addLabel.length + removeLabel.length > 0) await client.labelPull(project, numberOf(number), { add: addLabel, remove: removeLabel })
  note(`Pull request ${number} is changed.`)
}

function numberOf(text: string): number {
  if (/^#?[1-9]\d{0,9}$/.test(text)) return Number(text.replace('#', ''))
  throw fail('usage', { problem: `"${text}" is no number of a pull request.`, hint: 'See pushway pr list.' })
}
