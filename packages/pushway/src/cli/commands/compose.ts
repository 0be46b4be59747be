// pushway compose: the verbs of `docker compose`, over the same files. Each verb is a file of ../compose; this one has the flags before the verb.

import { type Command, Option } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { verbs } from '../compose/verbs.ts'

/** Adds `pushway compose` with its verbs. */
export function register(program: Command, context: CommandContext): void {
  const compose = program
    .command('compose')
    .summary('the verbs of docker compose, on a Docker Engine: up, down, ps, logs, …')
    .description('What docker compose does with the same files: same flags, same output, exit code 1 for what fails.')
    .enablePositionalOptions()
    .option('--all-resources', 'also networks, volumes and files that no service uses')
    .option('--compatibility', 'names with underscores, as docker-compose 1 made them')
    .option('--env-file <file>', 'variables for the files, instead of .env (may be repeated)', collect)
    .option('-f, --file <file>', 'a compose file, - for standard input (may be repeated; later files over earlier ones)', collect)
    .option('--profile <name>', 'turn on a profile, * for all (may be repeated)', collect)
    .addOption(new Option('--progress <style>', 'how progress is shown').choices(['auto', 'tty', 'plain', 'quiet']))
    .option('--project-directory <folder>', "where relative paths begin (default: the first file's folder)")
    .option('-p, --project-name <name>', "the project's name")
  for (const { register: add } of verbs) add(compose, context)
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}
