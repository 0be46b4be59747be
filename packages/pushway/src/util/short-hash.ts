// A short hash for names of files whose content is compared anyway: not for what nobody may forge.

/** FNV-1a of the texts, 8 hex digits. */
export function shortHash(...texts: readonly string[]): string {
  let hash = 0x811c9dc5
  for (const text of texts) for (const character of [...text, '\0']) hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
