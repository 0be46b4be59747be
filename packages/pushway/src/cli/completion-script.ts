// Completion scripts, made from the commands as data. Pure. What is in the scripts comes from our own command table only.

import type { CommandNode } from '../ports/program.ts'

export type Shell = 'bash' | 'zsh' | 'fish'

/** What may follow a command: its subcommands, options, and the choices of its arguments. */
interface Place {
  /** `project create`; empty for the program itself. */
  readonly path: string
  readonly words: readonly string[]
}

/** The script of a shell. */
export function renderCompletion(shell: Shell, root: CommandNode): string {
  switch (shell) {
    case 'bash':
      return renderBash(placesOf(root))
    case 'zsh':
      return renderZsh(placesOf(root))
    case 'fish':
      return renderFish(root)
  }
}

function placesOf(node: CommandNode, path: readonly string[] = []): readonly Place[] {
  const words = [
    ...node.commands.map(({ name }) => name),
    ...node.arguments.flatMap(({ choices = [] }) => choices),
    ...node.options.flatMap(({ names }) => names.filter((name) => name.startsWith('--'))),
    '--help',
  ]
  return [{ path: path.join(' '), words }, ...node.commands.flatMap((child) => placesOf(child, [...path, child.name]))]
}

/** The words before the cursor that are commands make the path. */
function pathCases(places: readonly Place[]): string {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => `'${path}'`)
    .join('|')
}

function renderBash(places: readonly Place[]): string {
  return `# bash completion of pushway: source <(pushway completion bash)
_pushway() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path='' next i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
      ${pathCases(places)}) path="$next" ;;
    esac
  done
  local words=''
  case "$path" in
${places.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _pushway pushway`
}

function renderZsh(places: readonly Place[]): string {
  return `#compdef pushway
# zsh completion of pushway: put it in a folder of $fpath as _pushway
_pushway() {
  local path='' next word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next="\${path:+$path }$word"
    case "$next" in
      ${pathCases(places)}) path="$next" ;;
    esac
  done
  case "$path" in
${places.map(({ path, words }) => `    '${path}') compadd -- ${words.join(' ')} ;;`).join('\n')}
  esac
  _files
}
_pushway "$@"`
}

function renderFish(root: CommandNode): string {
  const lines = ['# fish completion of pushway: pushway completion fish | source', 'complete -c pushway -f']
  const add = (node: CommandNode, path: readonly string[]) => {
    const siblings = node.commands.map(({ name }) => name).join(' ')
    const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`)
    const here = [...seen, ...(siblings ? [`not __fish_seen_subcommand_from ${siblings}`] : [])].join('; and ')
    const when = here ? ` -n '${here}'` : ''
    for (const child of node.commands) lines.push(`complete -c pushway${when} -a ${child.name} -d ${quoteFish(child.summary)}`)
    for (const choice of node.arguments.flatMap(({ choices = [] }) => choices)) lines.push(`complete -c pushway${when} -a ${choice}`)
    for (const { names, takesValue, description } of node.options) {
      const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')
      lines.push(`complete -c pushway${when} ${flags}${takesValue ? ' -r' : ''} -d ${quoteFish(description)}`)
    }
    for (const child of node.commands) add(child, [...path, child.name])
  }
  add(root, [])
  return lines.join('\n')
}

function quoteFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
