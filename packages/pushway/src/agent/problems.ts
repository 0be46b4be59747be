// Sentences for what is wrong with an instance. Pure.

/** Why nobody answers on the program's port. `listening`: where the program does listen; undefined: not known. */
export function portProblem(port: number, own: ReadonlySet<number>, listening: readonly number[] | undefined): string {
  const elsewhere = (listening ?? []).filter((p) => !own.has(p))
  return elsewhere.length > 0 ? `listens on ${elsewhere.join(', ')}, not on ${port}` : `nothing listens on ${port}`
}

/** A program that takes its literal port and would need it more than once. */
export function insistsProblem(port: number): string {
  return `app insists on port ${port}: it does not read PORT, so only one instance of it can run on this machine`
}

/** A program that did not stop when asked. */
export function killedProblem(signal: string, graceMs: number): string {
  return `did not stop within ${graceMs / 1000} s of ${signal} and was killed`
}
