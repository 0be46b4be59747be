import { describe, expect, test } from 'vitest'
import { execFileText, execProgram } from './exec.ts'

describe('an outside program', () => {
  test('gives its output, and takes its input and arguments as they are', async () => {
    expect(await execFileText(['sh', '-c', 'cat; printf "|%s" "$@"', 'sh', '$(id)', '; ls'], { input: 'in' })).toBe('in|$(id)|; ls')
  })

  test.each([
    ['fails', ['sh', '-c', 'echo why >&2; exit 3'], {}, { code: 'command-failed', message: '`sh -c` ended with exit code 3: why.' }],
    ['is not there', ['no-such-program-here'], {}, { code: 'program-missing' }],
    ['takes too long', ['sleep', '20'], { timeoutMs: 50 }, { code: 'command-failed' }],
    ['is aborted', ['sleep', '20'], { signal: AbortSignal.timeout(50) }, { name: 'TimeoutError' }],
  ])('that %s is one clear error', async (_what, argv, options, error) => {
    await expect(execFileText(argv, options)).rejects.toMatchObject(error)
  })

  test('is kept to its share of memory', async () => {
    const { stdout, exit } = await execProgram(['sh', '-c', 'head -c 100000 /dev/zero'], { maxBytes: 1000 })
    expect([stdout.length, exit]).toEqual([1000, 0])
  })
})
