// actions/checkout and setup-node against a real git server: other repositories, submodules, sparse trees, tokens, and what is refused.

import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../../test/support/job.ts'
import { tempDir } from '../../../../../test/support/temp.ts'
import { type HttpWorld, startHttpWorld } from '../../http/test-support.ts'

let world: HttpWorld
let sha = ''

const execute = promisify(execFile)

/** Not blocking: the server is in this process. */
async function git(dir: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main']
  return (await execute('git', ['-C', dir, ...identity, ...args], { timeout: 30_000 })).stdout.trim()
}

async function commit(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = tempDir('repository')
  await git(dir, 'init', '--quiet')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  await git(dir, 'add', '.')
  await git(dir, 'commit', '--quiet', '-m', 'first')
  return dir
}

const address = (project: string) => `${world.url.replace('//', `//x:${world.tokens.admin}@`)}/${project}.git`

beforeAll(async () => {
  world = await startHttpWorld()
  const inner = await commit({ 'inner.txt': 'inner\n' })
  await git(inner, 'push', '--quiet', address('acme/secret'), 'main')
  const outer = await commit({ 'a/one.txt': '1\n', 'b/two.txt': '2\n', 'top.txt': 'top\n' })
  writeFileSync(join(outer, '.gitmodules'), '[submodule "lib"]\n\tpath = lib\n\turl = ../secret.git\n')
  await git(outer, 'update-index', '--add', '--cacheinfo', `160000,${await git(inner, 'rev-parse', 'HEAD')},lib`)
  await git(outer, 'add', '.gitmodules')
  await git(outer, 'commit', '--quiet', '-m', 'with a submodule')
  await git(outer, 'push', '--quiet', address('acme/hello'), 'main')
  sha = await git(outer, 'rev-parse', 'HEAD')
}, 60_000)
afterAll(() => world.close())

function job(steps: string) {
  const server = { url: world.url, token: world.tokens.ownRun, registryAliases: [], builder: 'embedded' as const }
  return runSpec(jobSpec(`steps:\n${steps.replace(/^\n/, '')}`, { server, contexts: { github: { sha, server_url: world.url } } }))
}

describe('checkout', { timeout: 60_000 }, () => {
  test('only some folders, or patterns', async () => {
    const done = await job(`
      - { uses: actions/checkout@v4, with: { sparse-checkout: a } }
      - run: echo "cone $(find . -name '*.txt' | sort | tr '\\n' ' ')"
      - { uses: actions/checkout@v4, with: { sparse-checkout: "b/*", sparse-checkout-cone-mode: false } }
      - run: echo "patterns $(find . -name '*.txt' | sort | tr '\\n' ' ')"
    `)
    expect(done.conclusion, done.text).toBe('success')
    expect(done.text).toContain('cone ./a/one.txt ./top.txt ')
    expect(done.text).toContain('patterns ./b/two.txt ')
  })

  test('submodules and other repositories, with a token that may read them', async () => {
    const done = await job(`
      - { uses: actions/checkout@v4, with: { submodules: recursive, token: ${world.tokens.admin}, lfs: true } }
      - { id: other, uses: actions/checkout@v5, with: { repository: acme/secret, path: other, token: ${world.tokens.admin} } }
      - run: echo "has $(cat lib/inner.txt) $(cat other/inner.txt) on $(git -C other branch --show-current) \${{ steps.other.outputs.ref }}"
      - { env: { WANTED: ${world.tokens.admin} }, run: '! grep -rq "$WANTED" .git other/.git && echo "no token in files"' }
    `)
    expect(done.conclusion, done.text).toBe('success')
    expect(done.text).toContain('has inner inner on main refs/heads/main')
    expect(done.text).toContain('no token in files')
    expect(done.text).toContain('lfs: files of Git LFS are not fetched')
  })

  test('what the token may not read, what is no repository, another server and SSH keys are refused', async () => {
    const done = await job(`
      - { id: own, continue-on-error: true, uses: actions/checkout@v4, with: { repository: acme/secret, path: x } }
      - { continue-on-error: true, uses: actions/checkout@v4, with: { submodules: true } }
      - { continue-on-error: true, uses: actions/checkout@v4, with: { repository: "../../etc" } }
      - { continue-on-error: true, uses: actions/checkout@v4, with: { github-server-url: "https://example.org" } }
      - run: echo "own \${{ steps.own.outcome }}"
    `)
    expect(done.text).toContain('own failure')
    expect(done.text).toContain('git submodule ended with exit code')
    expect(done.text).toContain('"../../etc" is not the name of a repository')
    expect(done.text).toContain('github-server-url: https://example.org is another server')
    const ssh = await job('      - { uses: actions/checkout@v4, with: { ssh-key: abc } }')
    expect(ssh.problem).toMatch(/ci\.yml:\d+:\d+: uses: actions\/checkout@v4: .*does not carry with: ssh-key/)
  })
})

describe('setup-node', { timeout: 60_000 }, () => {
  test('writes the settings of a registry, and keeps the packages of yarn and pnpm', async () => {
    const done = await job(`
      - run: touch yarn.lock pnpm-lock.yaml
      - { uses: actions/setup-node@v4, with: { registry-url: "https://npm.example.org/x/", scope: acme, cache: yarn } }
      - run: 'cat "$NPM_CONFIG_USERCONFIG"; echo "yarn $YARN_CACHE_FOLDER $NODE_AUTH_TOKEN"'
      - { uses: actions/setup-node@v4, with: { cache: pnpm } }
      - run: echo "pnpm $npm_config_store_dir"
      - { uses: actions/setup-node@v4, with: { cache: bower } }
    `)
    expect(done.text).toContain('//npm.example.org/x/:_authToken=${NODE_AUTH_TOKEN}\n@acme:registry=https://npm.example.org/x/')
    expect(done.text).toMatch(/yarn \/.*\/npm\/yarn XXXXX/)
    expect(done.text).toMatch(/pnpm \/.*\/npm\/pnpm/)
    expect(done.text).toContain("Caching for 'bower' is not supported. There are npm, yarn, pnpm.")
    expect(done.conclusion).toBe('failure')
  })
})
