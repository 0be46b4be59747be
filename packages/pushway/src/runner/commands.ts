// Workflow commands: lines like `::error file=a.js,line=1::text` that steps print. Pure parsing.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands

export interface WorkflowCommand {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly data: string
}

/** The command that a line is, or undefined. Leading blanks are allowed, as on GitHub. */
export function parseCommand(line: string): WorkflowCommand | undefined {
  if (!line.includes('::')) return undefined
  const match = /^\s*::([A-Za-z0-9_-]+)(?:\s+(.*?))?::(.*)$/s.exec(line)
  if (!match) return undefined
  const [, name = '', properties = '', data = ''] = match
  return { name: name.toLowerCase(), properties: parseProperties(properties), data: unescapeData(data) }
}

function parseProperties(text: string): Readonly<Record<string, string>> {
  const entries = text.split(',').flatMap((part) => {
    const equals = part.indexOf('=')
    return equals > 0 ? [[part.slice(0, equals).trim(), unescapeProperty(part.slice(equals + 1))] as const] : []
  })
  return Object.fromEntries(entries)
}

function unescapeData(text: string): string {
  return text.includes('%') ? text.replace(/%0D/gi, '\r').replace(/%0A/gi, '\n').replace(/%25/g, '%') : text
}

function unescapeProperty(text: string): string {
  return text.includes('%') ? unescapeData(text.replace(/%3A/gi, ':').replace(/%2C/gi, ',')) : text
}
