// Here-documents in RUN and COPY, as they are built.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findings, makeBuilder, writeFiles } from '../../../../../../test/support/embedded-builder.ts'

describe('RUN with a here-document', () => {
  const build = (...lines: readonly string[]) =>
    makeBuilder()(writeFiles({ Dockerfile: ['FROM node:20', 'WORKDIR /app', 'ARG WHO=world', ...lines].join('\n') }))
  const inFolder = (...lines: readonly string[]) =>
    makeBuilder()(writeFiles({ Dockerfile: ['FROM node:20', ...lines].join('\n') }), { view: { kind: 'folder', why: 'a test' } })
  const read = (root: string, name: string) => readFileSync(join(root, 'app', name), 'utf8')

  test("is text for the shell: comments and empty lines stay, variables are the shell's, a failing line does not end it without set -e", async () => {
    const { root } = await build(
      'RUN <<EOF',
      '# a comment',
      '',
      'false',
      'echo "hello $WHO" > greeting',
      'if true; then',
      '  echo two >> greeting',
      'fi',
      'EOF',
    )
    expect(read(root, 'greeting')).toBe('hello world\ntwo\n')
  })

  test('goes to the command that is named, quoted or not, with tabs taken off by <<-', async () => {
    const { root } = await build(
      ...['RUN cat <<EOF > plain', 'for $WHO in /var/lib', 'EOF'],
      ...["RUN cat <<'END' > quoted && echo done > marker", 'for $WHO', 'END'],
      ...['RUN cat <<-EOT > tabs', '\t\tindented', '\tEOT'],
      ...['RUN cat <<A > two && cat <<B >> two', 'first', 'A', 'second', 'B'],
    )
    expect(['plain', 'quoted', 'marker', 'tabs', 'two'].map((name) => read(root, name))).toEqual([
      'for world in /var/lib\n',
      'for $WHO\n',
      'done\n',
      'indented\n',
      'first\nsecond\n',
    ])
  })

  test('with a #! line is a program', async () => {
    const { root } = await build('RUN <<EOF', '#!/usr/bin/env node', "require('fs').writeFileSync('made', process.env.WHO)", 'EOF')
    expect(read(root, 'made')).toBe('world')
  })

  test.each([
    [['RUN <<EOF', 'echo x'], 'has no line EOF'],
    [['RUN <<EOF', 'EOF'], 'is empty'],
    [['RUN <<EOF', 'apk add curl', 'EOF'], 'RUN apk would change this machine'],
    [['RUN <<EOF', 'touch x', 'cat /etc/passwd > x', 'EOF'], 'RUN names /etc/passwd'],
  ])('%j: %s', async (lines, problem) => {
    expect((await findings(inFolder(...lines))).join('\n')).toContain(problem)
  })

  test('changed in one line only is built again', async () => {
    const builder = makeBuilder()
    const digestOf = async (word: string) => (await builder(writeFiles({ Dockerfile: `FROM node:20\nRUN <<EOF\necho same\necho ${word} > f\nEOF` }))).digest
    const [one, two, again] = [await digestOf('one'), await digestOf('two'), await digestOf('one')]
    expect([one === two, one === again]).toEqual([false, true])
  })
})

describe('COPY with here-documents', () => {
  const build = (...lines: readonly string[]) =>
    makeBuilder()(writeFiles({ Dockerfile: ['FROM node:20', 'WORKDIR /app', 'ENV WHO=world', ...lines].join('\n') }))

  test('makes files of them: under the given name, or their own in a folder; variables are replaced unless quoted', async () => {
    const { root } = await build(
      ...['COPY <<EOF greeting.txt', 'hello "$WHO" ${NOBODY:-you}', '', 'EOF'],
      ...['COPY --chmod=755 <<"A" <<-B conf/', 'left alone: $WHO', 'A', '\tsecond: \\$WHO', '\tB'],
    )
    const read = (name: string) => readFileSync(join(root, 'app', name), 'utf8')
    expect([read('greeting.txt'), read('conf/A'), read('conf/B')]).toEqual(['hello "world" you\n\n', 'left alone: $WHO\n', 'second: \\$WHO\n'])
    expect([statSync(join(root, 'app/greeting.txt')).mode & 0o777, statSync(join(root, 'app/conf/A')).mode & 0o777]).toEqual([0o644, 0o755])
  })

  test('has the digest of its text', async () => {
    const digest = async (word: string) => (await build('COPY <<EOF f', word, 'EOF')).digest
    const [one, two, again] = [await digest('one'), await digest('two'), await digest('one')]
    expect([one === two, one === again]).toEqual([false, true])
  })

  test.each([
    [['COPY <<EOF /x', 'text'], 'has no line EOF'],
    [['COPY <<EOF package.json /x/', 'text', 'EOF'], 'copies nothing else'],
    [['COPY --from=0 <<EOF /x/', 'text', 'EOF'], 'copies nothing else'],
  ])('%j: %s', async (lines, problem) => {
    expect((await findings(build(...lines))).join('\n')).toContain(problem)
  })
})
