// The runner's pure parts: command files, workflow commands, shells, lines, file digests.

import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../test/support/temp.ts'
import { parseEnvFile, parsePairs, parsePathFile } from './command-files.ts'
import { parseCommand } from './commands.ts'
import { hashFiles } from './hash-files.ts'
import { createLineSplitter } from './line-splitter.ts'
import { shellCommand } from './shell.ts'

describe('a command file', () => {
  test.each([
    [
      'a=1\nb=2\n',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a=b=c<<d', [['a', 'b=c<<d']]],
    [
      'a=\r\n\r\nb=2\r\n',
      [
        ['a', ''],
        ['b', '2'],
      ],
    ],
    [
      'a<<EOF\none\n\ntwo\nEOF\nb=1',
      [
        ['a', 'one\n\ntwo'],
        ['b', '1'],
      ],
    ],
    ['a<<EOF\nb=1\nEOFX\nEOF', [['a', 'b=1\nEOFX']]],
    ['a<<EOF\nEOF', [['a', '']]],
    ['\uFEFFa=1', [['a', '1']]],
    ['', []],
  ])('%j', (text, pairs) => {
    expect(parsePairs(text)).toEqual({ pairs })
  })

  test.each([
    ['nonsense', "Invalid format 'nonsense'"],
    ['=x', "Invalid format '=x'. Name must not be empty"],
    ['a<<', "Invalid format 'a<<'. Name must not be empty and delimiter must not be empty"],
    ['a<<EOF\nx', "Invalid value. Matching delimiter not found 'EOF'"],
  ])('%j is refused', (text, problem) => {
    expect(parsePairs(text)).toEqual({ problem })
  })

  test('NODE_OPTIONS is refused as a variable, in any case', () => {
    for (const name of ['NODE_OPTIONS', 'node_options']) expect(parseEnvFile(`A=1\n${name}=--require x`)).toHaveProperty('problem')
  })

  test('of paths: a folder a line', () => {
    expect(parsePathFile('/a\n\n/b c\r\n')).toEqual(['/a', '/b c'])
  })
})

describe('a workflow command', () => {
  test.each([
    ['::group::Build it', { name: 'group', properties: {}, data: 'Build it' }],
    ['  ::endgroup::', { name: 'endgroup', properties: {}, data: '' }],
    ['::error file=a%2Cb.js,line=3,title=x%3Ay::m%0An%25', { name: 'error', properties: { file: 'a,b.js', line: '3', title: 'x:y' }, data: 'm\nn%' }],
    ['::set-output name=a::b::c', { name: 'set-output', properties: { name: 'a' }, data: 'b::c' }],
    ['::warning::%250A', { name: 'warning', properties: {}, data: '%0A' }],
    ['text ::error::no', undefined],
    ['std::vector', undefined],
    ['plain', undefined],
  ])('%s', (line, command) => {
    expect(parseCommand(line)).toEqual(command)
  })
})

describe('the shell of a step', () => {
  test.each([
    [undefined, 'bash -e F'],
    ['bash', 'bash --noprofile --norc -eo pipefail F'],
    ['sh', 'sh -e F'],
    ['python', 'python F'],
    ['bash {0}', 'bash F'],
    ['perl -w "{0}" x', 'perl -w F x'],
  ])('%s', (wanted, line) => {
    const shell = shellCommand(wanted, true)
    expect('argv' in shell && shell.argv('F').join(' ')).toBe(line)
  })

  test('sh where there is no bash, and a sentence for what is none', () => {
    expect(shellCommand(undefined, false)).toMatchObject({ shown: 'sh -e {0}' })
    expect(shellCommand('fish', true)).toHaveProperty('problem')
  })
})

describe('lines of bytes', () => {
  const split = (chunks: readonly Buffer[], max?: number) => {
    const lines: string[] = []
    const splitter = createLineSplitter((more) => lines.push(...more), max)
    for (const chunk of chunks) splitter.push(chunk)
    splitter.end()
    return lines
  }

  test.each([
    [
      ['a\nb', 'c\n', 'd'],
      ['a', 'bc', 'd'],
    ],
    [
      ['a\r\nb\r', '\nc'],
      ['a', 'b', 'c'],
    ],
    [['1%\r2%\r3%\n'], ['1%', '2%', '3%']],
    [['\n\n'], ['', '']],
    [['a\0b\n'], ['ab']],
    [
      ['x'.repeat(8), 'y'.repeat(8), 'z\nnext\n'],
      ['xxxxxxxxyy … (cut: the line has 17 bytes)', 'next'],
    ],
    [[`${'x'.repeat(12)}\nnext`], ['xxxxxxxxxx … (cut: the line has 12 bytes)', 'next']],
    [['x'.repeat(12)], ['xxxxxxxxxx … (cut: the line has 12 bytes)']],
  ])('%j', (chunks, lines) => {
    expect(
      split(
        chunks.map((chunk) => Buffer.from(chunk)),
        10,
      ),
    ).toEqual(lines)
  })

  test('are the same however the bytes come', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 7 }), (texts, size) => {
        const bytes = Buffer.from(`${texts.map((text) => text.replace(/[\r\n\0]/g, '')).join('\n')}\n`)
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
        expect(split(chunks)).toEqual(split([bytes]))
      }),
    )
  })
})

test('hashFiles takes what matches, in order, and follows no links', () => {
  const dir = tempDir('hash')
  mkdirSync(join(dir, 'a/b'), { recursive: true })
  writeFileSync(join(dir, 'package-lock.json'), '1')
  writeFileSync(join(dir, 'a/b/package-lock.json'), '2')
  symlinkSync('/etc/passwd', join(dir, 'a/link.json'))
  const sha = (...parts: (string | Buffer)[]) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
  expect(hashFiles(dir, ['**/package-lock.json'])).toBe(sha(sha('2'), sha('1')).toString('hex'))
  expect(hashFiles(dir, ['**/*.json', '!a/**'])).toBe(sha(sha('1')).toString('hex'))
  expect(hashFiles(dir, ['*.lock'])).toBe('')
})
