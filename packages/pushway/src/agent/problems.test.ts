// Which sentence people get for what went wrong.

import { describe, expect, test } from 'vitest'
import { exitProblem, tellingLine } from '../util/exit-problem.ts'
import { insistsProblem, killedProblem, portProblem } from './problems.ts'

const stack = `/app/server.js:3
throw new Error('no database')
^

Error: connect ECONNREFUSED 127.0.0.1:5432
    at Object.<anonymous> (/app/server.js:3:7)
    at node:internal/main/run_main_module:33:47 {
  errno: -111,
  code: 'ECONNREFUSED',
  syscall: 'connect',
}

Node.js v20.20.2
`

describe('the line of the error output that says most', () => {
  test.each([
    ['an uncaught error of Node.js', stack, 'Error: connect ECONNREFUSED 127.0.0.1:5432'],
    ['a plain last line', 'warming up\ncould not open config.json\n', 'could not open config.json'],
    ['an error before other words', 'fatal: no such table\nshutting down\n', 'fatal: no such table'],
    ['an exception of another language', 'Traceback:\nValueError: bad port\n', 'ValueError: bad port'],
    ['nothing', '\n \n', ''],
  ])('%s', (_name, output, line) => expect(tellingLine(output)).toBe(line))

  test('is not endless', () => expect(tellingLine('x'.repeat(5000))).toHaveLength(300))
})

describe('sentences', () => {
  test.each([
    [exitProblem(1, null, stack), 'exited with code 1: Error: connect ECONNREFUSED 127.0.0.1:5432'],
    [exitProblem(0, null, ''), 'exited with code 0'],
    [exitProblem(137, null, ''), 'exited with code 137 (SIGKILL)'],
    [exitProblem(null, 'SIGSEGV', ''), 'was ended by SIGSEGV'],
    [portProblem(3000, new Set([20_001]), [4000, 20_001]), 'listens on 4000, not on 3000'],
    [portProblem(3000, new Set([20_001]), [20_001]), 'nothing listens on 3000'],
    [portProblem(3000, new Set(), undefined), 'nothing listens on 3000'],
    [insistsProblem(3000), 'app insists on port 3000: it does not read PORT, so only one instance of it can run on this machine'],
    [killedProblem('SIGTERM', 10_000), 'did not stop within 10 s of SIGTERM and was killed'],
  ])('%s', (said, wanted) => expect(said).toBe(wanted))
})
