// Glob patterns over text with `/`: `*`, `**`, `?`, `[abc]`, `{a,b}`.

/** The whole text must match. `**` crosses `/`, `*` and `?` do not; `**` with a `/` after it also stands for nothing. */
export function globToRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\[!?[^\]]+\]|\{[^{}]*\}|[.+^${}()|\\[\]]/g, (part) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (part.startsWith('{') && part.length > 1) return `(?:${part.slice(1, -1).split(',').map(escapePart).join('|')})`
    return part.startsWith('[') && part.length > 1 ? part.replace(/^\[!/, '[^') : `\\${part}`
  })
  return new RegExp(`^${source}$`)
}

function escapePart(text: string): string {
  return text.replace(/[.*+?^${}()|\\[\]]/g, '\\$&').replaceAll('\\*', '[^/]*')
}
