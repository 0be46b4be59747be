// How the program starts itself again, as another of its processes.

import { fileURLToPath } from 'node:url'

/**
 * The argument array that starts this same program: Node.js and the running entry.
 * Built: `dist/main.js` (this module is part of it, of a chunk below it, or of `dist/run.cjs`). From sources: `src/main.ts` through tsx.
 */
export function selfCommand(): readonly string[] {
  const here = fileURLToPath(import.meta.url)
  if (here.endsWith('.ts')) return [process.execPath, '--import', import.meta.resolve('tsx'), fileURLToPath(new URL('../main.ts', import.meta.url))]
  const entry = here.includes('/chunks/') ? new URL('../main.js', import.meta.url) : new URL('./main.js', import.meta.url)
  return [process.execPath, fileURLToPath(entry)]
}
