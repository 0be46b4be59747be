// The checkout of a local run: the working tree's tracked and not ignored files, as they are now, on the same commit.

import { existsSync } from 'node:fs'
import { type ActionContext, ActionFailure } from './types.ts'

/** `git ls-files` says which files there are; deleted ones are left out; `tar` keeps modes and links. */
const copyScript = [
  'set -e',
  'mkdir -p -- "$2"',
  'cd -- "$1"',
  'git ls-files -z --cached --others --exclude-standard --deduplicate | { xargs -0 sh -c \'for f; do if [ -e "$f" ] || [ -L "$f" ]; then printf "%s\\\\0" "$f"; fi; done\' sh; } | tar --null -T - -cf - | tar -xf - -C "$2"',
].join('\n')

/** Copies `from` into `to`, with a repository of the same history beside it (objects are shared, not copied). */
export async function copyTree(context: ActionContext, from: string, to: string): Promise<void> {
  const run = async (argv: readonly string[], cwd?: string) => {
    const { exit, output } = await context.exec(argv, { quiet: true, cwd })
    if (exit !== 0) throw new ActionFailure(`The working tree could not be copied: ${output.trim().split('\n').slice(-2).join(' ')}`)
    return output.trim()
  }
  const repository = existsSync(`${from}/.git`)
  if (repository) await run(['git', '-c', 'advice.detachedHead=false', 'clone', '--quiet', '--shared', '--no-checkout', '--', from, to])
  await run(['sh', '-c', copyScript, 'sh', from, to])
  if (repository) {
    await context.exec(['git', '-C', to, 'reset', '--quiet'], { quiet: true })
    // A repository may have no commit yet.
    const head = await context.exec(['git', '-C', to, 'rev-parse', '--verify', '--quiet', 'HEAD'], { quiet: true })
    if (head.exit === 0) context.setOutput('commit', head.output.trim())
  }
  context.say('Copied the working tree as it is now, uncommitted changes included.')
}
