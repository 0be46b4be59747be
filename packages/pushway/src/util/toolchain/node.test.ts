import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../../test/support/temp.ts'
import { placeOnce } from '../place-once.ts'
import { provideNode } from './node.ts'

const ownMajor = process.versions.node.split('.')[0] as string
const otherMajor = ownMajor === '18' ? '20' : '18'

describe('Node.js as a job asks for it', () => {
  test("the machine's own when it fits, as a folder with nothing else in it", async () => {
    const node = await provideNode(`${ownMajor}.x`, { cacheDir: tempDir('tool') })
    expect(node.version).toBe(process.versions.node)
    expect(readdirSync(node.binDir).every((name) => ['node', 'npm', 'npx'].includes(name))).toBe(true)
    expect(execFileSync(node.node, ['--version'], { encoding: 'utf8' }).trim()).toBe(process.version)
  })

  test('another major, fetched once for two callers, with an npm that runs on it', async () => {
    const cacheDir = tempDir('tool')
    const lines: string[] = []
    const ask = () => provideNode(otherMajor, { cacheDir, log: (line) => lines.push(line) })
    const [node, same] = await Promise.all([ask(), ask()])
    expect(same.binDir).toBe(node.binDir)
    expect(node.version.split('.')[0]).toBe(otherMajor)
    expect(lines).toHaveLength(1)
    const env = { PATH: `${node.binDir}:/usr/bin:/bin`, HOME: cacheDir }
    expect(execFileSync('npm', ['--version'], { encoding: 'utf8', env, cwd: cacheDir })).toMatch(/^10\./)
    expect(readdirSync(join(cacheDir, 'node')).filter((name) => name.startsWith('.'))).toEqual([])
  }, 120_000)

  test.each(['eighteen', '1.2.3.4', '--help'])('%s is refused in one sentence', async (version) => {
    await expect(provideNode(version, { cacheDir: tempDir('tool') })).rejects.toMatchObject({ code: 'toolchain-missing' })
  })

  test('without a registry a cached version that fits is used', async () => {
    const cacheDir = tempDir('tool')
    mkdirSync(join(cacheDir, 'node', `${otherMajor}.1.0`, 'bin'), { recursive: true })
    const path = process.env.PATH
    process.env.PATH = cacheDir
    try {
      expect((await provideNode(otherMajor, { cacheDir })).version).toBe(`${otherMajor}.1.0`)
      await expect(provideNode('16', { cacheDir })).rejects.toMatchObject({ code: 'toolchain-missing' })
    } finally {
      process.env.PATH = path
    }
  })
})

describe('a folder that is made once', () => {
  test('is taken over from a process that died while making it', async () => {
    const root = tempDir('once')
    writeFileSync(join(root, '.thing.lock'), '999999999')
    const made = await placeOnce(root, 'thing', (to) => writeFileSync(join(to, 'x'), '1'))
    expect(existsSync(join(made, 'x'))).toBe(true)
  })

  test('is not there after a failure, and can be made again', async () => {
    const root = tempDir('once')
    await expect(placeOnce(root, 'thing', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(readdirSync(root)).toEqual([])
    await placeOnce(root, 'thing', () => undefined)
    expect(readdirSync(root)).toEqual(['thing'])
  })
})
