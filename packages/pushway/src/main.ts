// The program's entry: hands over to one of its processes, or to the command line.

import { reportFailure } from './main/failure.ts'

const [first, ...rest] = process.argv.slice(2)

try {
  if (first === 'internal') {
    const { runInternal } = await import('./main/internal.ts')
    process.exitCode = await runInternal(rest)
  } else {
    const { runCli } = await import('./cli/program.ts')
    const { composition } = await import('./main/composition.ts')
    process.exitCode = await runCli(process.argv.slice(2), composition)
  }
} catch (error) {
  process.exitCode = reportFailure(error)
}
