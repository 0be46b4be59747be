// The command line and script file of a `run:` step. Pure.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell

export interface ShellCommand {
  /** What the log shows: `bash -e {0}`. */
  readonly shown: string
  readonly argv: (script: string) => readonly string[]
  readonly extension: string
}

const known: Readonly<Record<string, { readonly argv: readonly string[]; readonly extension: string }>> = {
  bash: { argv: ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '{0}'], extension: '.sh' },
  sh: { argv: ['sh', '-e', '{0}'], extension: '.sh' },
  python: { argv: ['python', '{0}'], extension: '.py' },
  pwsh: { argv: ['pwsh', '-command', ". '{0}'"], extension: '.ps1' },
  powershell: { argv: ['powershell', '-command', ". '{0}'"], extension: '.ps1' },
  cmd: { argv: ['cmd', '/D', '/E:ON', '/V:OFF', '/S', '/C', 'CALL "{0}"'], extension: '.cmd' },
}

/** What GitHub puts around a script so that its failures are the step's. */
export function wrapScript(script: string, extension: string): string {
  if (extension !== '.ps1') return `${script}\n`
  return `$ErrorActionPreference = 'stop'\n${script}\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }\n`
}

/**
 * The shell of a step.
 * @param wanted the step's, job's or workflow's `shell`; undefined: `bash -e {0}`, or `sh -e {0}` where there is no bash
 * @returns a sentence when it can't be one
 */
export function shellCommand(wanted: string | undefined, hasBash: boolean): ShellCommand | { readonly problem: string } {
  if (wanted === undefined || wanted.trim() === '') return fromParts([hasBash ? 'bash' : 'sh', '-e', '{0}'], '.sh')
  const fixed = known[wanted.trim()]
  if (fixed) return fromParts(fixed.argv, fixed.extension)
  const parts = splitWords(wanted)
  if (!parts.some((part) => part.includes('{0}'))) {
    return { problem: `The shell "${wanted}" is none of ${Object.keys(known).join(', ')}, and has no {0} that stands for the script's file.` }
  }
  return fromParts(parts, known[parts[0] as string]?.extension ?? '')
}

function fromParts(parts: readonly string[], extension: string): ShellCommand {
  return { shown: parts.join(' '), extension, argv: (script) => parts.map((part) => part.replaceAll('{0}', script)) }
}

/** Words at blanks; double quotes hold blanks together. */
function splitWords(text: string): readonly string[] {
  return (text.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ''))
}
