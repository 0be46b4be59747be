// Commit messages that ask for no run.
// Follows https://docs.github.com/actions/how-tos/manage-workflow-runs/skip-workflow-runs

const words = ['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]'] as const

/** What in the message of a pushed commit asks for no run: one of the words, or the trailer `skip-checks: true`; undefined: nothing does. */
export function skipWord(message: string): string | undefined {
  const lower = message.toLowerCase()
  const trailers =
    lower
      .trimEnd()
      .split(/\n\s*\n/)
      .at(-1) ?? ''
  const isLastParagraph = trailers.length < lower.trimEnd().length
  return words.find((word) => lower.includes(word)) ?? (isLastParagraph && /^skip-checks:\s*true\s*$/m.test(trailers) ? 'skip-checks: true' : undefined)
}
