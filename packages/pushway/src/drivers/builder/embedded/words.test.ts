// Words, variables, lines, durations, globs and bases of Dockerfiles; references of images.

import { describe, expect, test } from 'vitest'
import { parseReference } from '../reference.ts'
import { hostBase } from './bases.ts'
import { globPattern } from './copy.ts'
import { readDuration } from './instructions.ts'
import { lexDockerfile } from './lex.ts'
import { mappedProblems } from './run.ts'
import { expandWord, splitWords } from './words.ts'

const variables: Readonly<Record<string, string>> = { A: 'a', EMPTY: '', _x1: 'under' }

describe('expandWord', () => {
  test.each([
    ['$A', 'a'],
    ['${A}b$A', 'aba'],
    ['$_x1', 'under'],
    ['$NONE', ''],
    ['${NONE:-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${NONE-d}', 'd'],
    ['${A:+set}', 'set'],
    ['${NONE:+set}', ''],
    ['${EMPTY+set}', 'set'],
    ['${NONE:-${A}}', 'a'],
    ['\\$A', '$A'],
    ["'$A'", '$A'],
    ['"$A b"', 'a b'],
    ['"\\$A \\n"', '$A \\n'],
    ['a\\ b', 'a b'],
    ['$', '$'],
    ['cost$ $A', 'cost$ a'],
  ])('%s', (word, value) => expect(expandWord(word, (name) => variables[name])).toBe(value))

  test.each(['${A', '${A%x}', '${NONE:?must be set}'])('%s is an error', (word) => {
    expect(() => expandWord(word, (name) => variables[name])).toThrow()
  })
})

test.each([
  ['a b  c', ['a', 'b', 'c']],
  ['A="x y" B=\'z w\' C=a\\ b', ['A="x y"', "B='z w'", 'C=a\\ b']],
  ['"un closed', ['"un closed']],
  ['', []],
])('words of %s', (text, words) => expect(splitWords(text)).toEqual(words))

test.each([
  ['a \\\n  b', 'a   b'],
  ['a && \\\n# comment\n  b', 'a &&   b'],
  ['a \\  \n\n b', 'a  b'],
  ['one\\', 'one'],
])('lines of %j', (raw, line) => expect(lexDockerfile(`X ${raw}`).instructions[0]?.args).toBe(line))

test.each([
  ['30s', 30e9],
  ['1m30s', 90e9],
  ['500ms', 5e8],
  ['1.5h', 5400e9],
  ['0', 0],
  ['soon', undefined],
  ['5', undefined],
])('duration %s', (text, value) => expect(readDuration(text)).toBe(value))

test.each([
  ['package*.json', 'package-lock.json', true],
  ['*.js', 'src/a.js', false],
  ['src/?.js', 'src/a.js', true],
  ['[a-c].txt', 'b.txt', true],
  ['[^a].txt', 'a.txt', false],
  ['a.b', 'axb', false],
])('%s on %s', (glob, path, matches) => expect(globPattern(glob).test(path)).toBe(matches))

test.each([
  ['scratch', {}],
  ['node:18-alpine', { node: '18' }],
  ['node:20.11.1-slim', { node: '20.11.1' }],
  ['docker.io/library/node:lts', { node: 'lts/*' }],
  ['node:hydrogen-bookworm', { node: 'lts/hydrogen' }],
  ['node:alpine', { node: 'latest' }],
  ['node', { node: 'latest' }],
  ['alpine:3.20', {}],
  ['gcr.io/distroless/nodejs20-debian12', { node: '20' }],
  ['gcr.io/distroless/static', {}],
  ['python:3', undefined],
  ['evil.example/node:18', undefined],
  ['someone/node:18', undefined],
])('base %s', (image, base) => expect(hostBase(image)).toEqual(base))

test.each([
  ['hello', { registry: 'docker.io', repository: 'library/hello', tag: 'latest' }],
  ['acme/hello:1', { registry: 'docker.io', repository: 'acme/hello', tag: '1' }],
  ['ghcr.io/acme/hello', { registry: 'ghcr.io', repository: 'acme/hello', tag: 'latest' }],
  ['localhost:5000/x:y', { registry: 'localhost:5000', repository: 'x', tag: 'y' }],
  [`r.example/x@sha256:${'0'.repeat(64)}`, { registry: 'r.example', repository: 'x', digest: `sha256:${'0'.repeat(64)}` }],
])('reference %s', (text, reference) => expect(parseReference(text)).toEqual(reference))

test.each(['', 'Acme/Hello', 'ghcr.io/', 'a:b:c', 'a@sha256:1', 'ghcr.io/../x', '-x', 'a b', 'x@evil.example/y'])('%j is no reference', (text) => {
  expect(() => parseReference(text)).toThrow()
})

test.each([
  ['npm ci && npm run build', 0],
  ['curl https://example.com/x > out 2>/dev/null', 0],
  ['#!/bin/sh', 0],
  ["sed -i 's/a/b/' f && sed '/x/d' f", 0],
  ['NODE_ENV=production npm ci', 0],
  ['rm -rf /var/lib/apt/lists/*', 1],
  ['apt-get update && apt-get install -y curl', 1],
  ['X=1 apk add curl; echo ok', 1],
  ['mkdir -p ./a:/b', 1],
  ['(addgroup -S app) && adduser -S app', 2],
  ['cat "/etc/passwd"', 1],
])('RUN %s has %d problems in a folder', (line, count) => expect(mappedProblems({ form: 'shell', line })).toHaveLength(count))
