// docs/cli.md, made from the commands as the program itself knows them.

import type { CommandNode, CommandOption } from '../../../packages/pushway/src/ports/program.ts'

const head = `# Command line

Made from the commands in \`packages/pushway/src/cli/commands\` by \`npm run gen\`; do not edit.

\`pushway COMMAND --help\` says the same in the terminal. Commands that talk to a server find it by \`--server\`, \`PUSHWAY_URL\`, the last
\`pushway login\`, or \`http://127.0.0.1:7070\`; the token is \`PUSHWAY_TOKEN\` or what \`login\` kept in \`~/.config/pushway/credentials.json\`.
The project is \`-p\`, \`PUSHWAY_PROJECT\`, or the git remote of the current folder that points to the server.

Answers go to standard output, everything else to standard error. \`-o json\` and \`-o yaml\` are exactly what the API answers; \`-o name\` is one
name a line. Colours appear on a terminal only, and not with \`NO_COLOR\`. Secret values come from standard input or a hidden prompt; where
there is no terminal nothing is asked. \`PUSHWAY_DEBUG=1\` adds the stack of an error.

Exit codes: 0 done, 1 failed, 2 wrong call or refused input, 3 conflict, 4 not allowed, 5 not found, 70 a mistake of ours, 75 try again later
([errors](errors.md)).
`

/** The page: a list of all commands, then each with its arguments and options. */
export function renderCli(root: CommandNode): string {
  const list = root.commands.map(({ name, summary }) => `| [\`${name}\`](#pushway-${name}) | ${cell(summary)} |`)
  const pages = root.commands.flatMap((command) => renderCommand(command, ['pushway']))
  return [head, '| command | what it does |', '|---|---|', ...list, '', ...pages].join('\n')
}

function renderCommand(command: CommandNode, parents: readonly string[]): readonly string[] {
  const path = [...parents, command.name]
  const title = `${'#'.repeat(path.length)} ${path.join(' ')}`
  if (command.commands.length > 0) return [title, '', command.description, '', ...command.commands.flatMap((child) => renderCommand(child, path))]
  const words = command.arguments.map(({ name, required }) => (required ? `<${name}>` : `[${name}]`))
  const usage = [...path, ...words, ...(command.options.length > 0 ? ['[options]'] : [])].join(' ')
  return [title, '', command.description, '', `    ${usage}`, '', ...renderRows(command)]
}

function renderRows(command: CommandNode): readonly string[] {
  const rows = [
    ...command.arguments.map((one) => [one.name, `${one.description}${choicesOf(one.choices)}`]),
    ...command.options.map((option) => [option.flags, describeOption(option)]),
  ]
  if (rows.length === 0) return []
  return ['| | |', '|---|---|', ...rows.map(([name = '', text = '']) => `| \`${name}\` | ${cell(text)} |`), '']
}

function describeOption(option: CommandOption): string {
  const value = option.defaultValue ? ` (default: ${option.defaultValue})` : ''
  return `${option.description}${choicesOf(option.choices)}${value}${option.required ? ' (required)' : ''}`
}

function choicesOf(choices: readonly string[] | undefined): string {
  return choices ? `: ${choices.join(', ')}` : ''
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\n', ' ')
}
