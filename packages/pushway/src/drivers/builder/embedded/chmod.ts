// Modes as `--chmod` has them: octal, or symbolic as in POSIX chmod(1). Pure.

/** What a mode does to the bits that a file has; undefined when the text is no mode. */
export function parseMode(text: string): ((bits: number, isFolder: boolean) => number) | undefined {
  if (/^[0-7]{3,4}$/.test(text)) return () => Number.parseInt(text, 8)
  const clauses = text.split(',').map((clause) => /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause))
  if (clauses.some((clause) => clause === null)) return undefined
  return (bits, isFolder) => clauses.reduce((mode, clause) => applyClause(mode, isFolder, { who: clause?.[1] || 'a', actions: clause?.[2] ?? '' }), bits)
}

const shift: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 }

function applyClause(start: number, isFolder: boolean, clause: { who: string; actions: string }): number {
  const who = clause.who.includes('a') ? ['u', 'g', 'o'] : [...new Set(clause.who)]
  let mode = start
  for (const [, sign, letters = ''] of clause.actions.matchAll(/([-+=])([rwxXstugo]*)/g)) {
    const bits = who.reduce((sum, one) => sum | permissionBits(letters, { who: one, mode, isFolder }), 0)
    const all = who.reduce((sum, one) => sum | (0o7 << (shift[one] ?? 0)), 0)
    if (sign === '+') mode |= bits
    else if (sign === '-') mode &= ~bits
    else mode = (mode & ~all) | bits
  }
  return mode & 0o7777
}

function permissionBits(letters: string, at: { who: string; mode: number; isFolder: boolean }): number {
  const by = shift[at.who] ?? 0
  let bits = 0
  for (const letter of letters) {
    if (letter === 'r') bits |= 0o4 << by
    else if (letter === 'w') bits |= 0o2 << by
    else if (letter === 'x') bits |= 0o1 << by
    else if (letter === 'X') bits |= at.isFolder || at.mode & 0o111 ? 0o1 << by : 0
    else if (letter === 's') bits |= at.who === 'u' ? 0o4000 : at.who === 'g' ? 0o2000 : 0
    else if (letter === 't') bits |= 0o1000
    else bits |= ((at.mode >> (shift[letter] ?? 0)) & 0o7) << by
  }
  return bits
}
