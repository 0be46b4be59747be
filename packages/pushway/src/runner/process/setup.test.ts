// Toolchains of this machine in real jobs: what there is, what is fetched as a Go module, and what is refused with what there is.

import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../../test/support/job.ts'
import { needs } from '../../../../../test/support/needs.ts'
import { type ResultsWorld, startResults } from '../../../../../test/support/results.ts'

let world: ResultsWorld
beforeAll(async () => {
  world = await startResults()
})
afterAll(() => world.close())

let count = 0
async function run(steps: string) {
  const spec = { ...jobSpec(`timeout-minutes: 5\nsteps:\n${steps.replace(/^\n/, '')}`, { timeoutMs: 300_000 }), run: `s${count++}` }
  return runSpec(await world.serve(spec))
}

const version = (program: string, ...args: string[]) => {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, GOTOOLCHAIN: 'local' } })
  return /(\d+\.\d+)(\.\d+)?/.exec(`${stdout}${stderr}`)?.[1] ?? ''
}

describe.skipIf(needs('python3').skip)('setup-python', { timeout: 300_000 }, () => {
  test('puts a Python of the machine first, with a pip that may install; its downloads are kept', async () => {
    const minor = version('python3', '--version')
    const steps = `
      - run: echo 'anything' > requirements.txt
      - { id: p, uses: actions/setup-python@v5, with: { python-version: "${minor}", cache: pip } }
      - run: |
          test "$(command -v python)" = "\${{ steps.p.outputs.python-path }}" && python -c 'import sys; print("is", "%d.%d" % sys.version_info[:2], sys.prefix != sys.base_prefix)'
          echo "hit \${{ steps.p.outputs.cache-hit }} $pythonLocation"; mkdir -p ~/.cache/pip && echo x > ~/.cache/pip/x
    `
    const first = await run(steps)
    expect(first.conclusion, first.text).toBe('success')
    expect(first.text).toContain(`is ${minor}`)
    expect(first.text).toContain('hit false')
    expect((await run(steps)).text).toContain('hit true')
  })

  test('refuses what is not there, with what is', async () => {
    const job = await run('      - { uses: actions/setup-python@v5, with: { python-version: "3.2" } }')
    expect(job.conclusion).toBe('failure')
    expect(job.text).toMatch(/Python 3\.2 is not on this machine; there is .*3\.\d+\.\d+/)
  })
})

describe.skipIf(needs('go', 'golang').skip)('setup-go', { timeout: 300_000 }, () => {
  test('takes the Go of the machine when it fits, by number or by go.mod', async () => {
    const minor = version('go', 'version')
    const job = await run(`
      - run: echo 'module x' > go.mod && echo 'go ${minor}' >> go.mod
      - { id: g, uses: actions/setup-go@v5, with: { go-version-file: go.mod } }
      - run: 'echo "got \${{ steps.g.outputs.go-version }} $(go version) $(go env GOTOOLCHAIN)"'
    `)
    expect(job.conclusion, job.text).toBe('success')
    expect(job.text).toMatch(new RegExp(`got ${minor.replace('.', '\\.')}\\.\\d+ go version go${minor}.* local`))
  })

  const proxy = spawnSync('go', ['list', '-m', '-versions', 'golang.org/toolchain'], { cwd: '/', encoding: 'utf8', timeout: 20_000 })
  test.skipIf(proxy.status !== 0)('fetches another version as a module, by the Go of the machine (a module proxy is needed)', async () => {
    const [major, minor] = version('go', 'version').split('.')
    const other = `${major}.${Number(minor) - 1}`
    const job = await run(`
      - { id: g, uses: actions/setup-go@v5, with: { go-version: "${other}.x" } }
      - run: 'go version; echo "package main; func main() { println(40 + 2) }" > main.go; go run main.go 2>&1'
    `)
    expect(job.conclusion, job.text).toBe('success')
    expect(job.text).toContain(`go version go${other}.`)
    expect(job.text.split('\n')).toContain('42')
  })

  test('refuses a version that nobody has published', async () => {
    const job = await run('      - { uses: actions/setup-go@v5, with: { go-version: "99.1" } }')
    expect(job.text).toMatch(/Go 99\.1 is not on this machine; there is \d/)
    expect(job.conclusion).toBe('failure')
  })
})

describe.skipIf(needs('javac', 'default-jdk').skip)('setup-java', { timeout: 300_000 }, () => {
  test('takes a Java of the machine, and says whose it is', async () => {
    const major = version('java', '-version').split('.')[0]
    const job = await run(`
      - { id: j, uses: actions/setup-java@v4, with: { distribution: temurin, java-version: ${major} } }
      - run: 'test -x "$JAVA_HOME/bin/javac" && echo "got \${{ steps.j.outputs.version }} \${{ steps.j.outputs.path == env.JAVA_HOME }}"'
    `)
    expect(job.conclusion, job.text).toBe('success')
    expect(job.text).toMatch(new RegExp(`got ${major}\\.\\d+\\.\\d+ true`))
    expect(job.text).toContain('distribution: temurin: the Java of this machine is used')
  })
})

test('setup-java refuses what is not there', { timeout: 60_000 }, async () => {
  const job = await run('      - { uses: actions/setup-java@v4, with: { distribution: temurin, java-version: 5 } }')
  expect(job.text).toMatch(/Java \(jdk\) 5 is not on this machine/)
  expect(job.conclusion).toBe('failure')
})
