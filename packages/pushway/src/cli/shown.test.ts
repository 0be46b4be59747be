// How things look: times, tables, colours, logs, the tree of the timeline. Tables of input and text.

import type { TimelineEntry } from '@pushway/core/views/types.ts'
import { describe, expect, test } from 'vitest'
import { formatInstanceLine, formatLogLine } from './commands/logs.ts'
import { parseExpiry } from './commands/token.ts'
import { formatAge, formatDuration, formatShare, logLine, plainLine, shortRef } from './format.ts'
import { formatData, formatList, parseFormat, type Shape } from './output.ts'
import { hasColors, makeScreen } from './screen.ts'
import { renderFields, renderTable, textWidth } from './table.ts'
import { renderTimeline } from './views/timeline.ts'
import { newLines } from './watch.ts'

const plain = makeScreen({ colors: false, now: 1_000_000_000 })
const colored = makeScreen({ colors: true, now: 1_000_000_000 })

describe('times and numbers', () => {
  test.each([
    [0, '0s'],
    [119_999, '119s'],
    [120_000, '2m'],
    [7_200_000, '2h'],
    [172_800_000, '2d'],
    [-5, '0s'],
  ])('%i ms ago is %s', (ms, text) => expect(formatAge(1_000_000_000 - ms, 1_000_000_000)).toBe(text))

  test.each([
    [340, '340ms'],
    [12_000, '12s'],
    [65_000, '1m05s'],
    [7_380_000, '2h03m'],
  ])('%i ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

  test.each([
    [0, '0 %'],
    [0.005, '0.5 %'],
    [0.1, '10 %'],
    [1, '100 %'],
  ])('a share of %f is %s', (share, text) => expect(formatShare(share)).toBe(text))

  test.each([
    ['refs/heads/main', 'main'],
    ['refs/tags/v1', 'v1'],
    ['refs/heads/feature/x', 'feature/x'],
    ['abc', 'abc'],
  ])('%s is %s', (ref, text) => expect(shortRef(ref)).toBe(text))

  test.each([
    ['30d', 30],
    ['36h', 2],
    ['1h', 1],
  ])('a token that expires after %s has %i days', (text, days) => expect(parseExpiry(text)).toBe(days))

  test.each(['', '0', 'soon', '99999d'])('"%s" is no expiry', (text) => expect(() => parseExpiry(text)).toThrow(/length of time/))
})

describe('texts of others do not steer the terminal', () => {
  test.each([
    ['a title\nwith more lines', 'a title'],
    ['\u001B]0;owned\u0007evil\u001B[2J', ']0;ownedevil[2J'],
    ['tab\tstays', 'tab\tstays'],
  ])('a line of a table: %j', (text, shown) => expect(plainLine(text)).toBe(shown))

  test('a line of a log keeps its colours and nothing else', () => {
    expect(logLine('\u001B[31mred\u001B[0m \u001B[2J\u0007end')).toBe('\u001B[31mred\u001B[0m [2Jend')
  })
})

describe('tables', () => {
  const rows = [
    { name: 'web', state: 'ok' },
    { name: '数据库', state: undefined },
  ]
  const columns = [
    { title: 'NAME', text: (row: (typeof rows)[number]) => row.name },
    { title: 'STATE', text: (row: (typeof rows)[number]) => row.state, state: true },
    { title: 'MORE', text: () => 'x', wide: true },
  ]

  test('columns are as wide as what is in them, nothing is "-", wide ones only when asked for', () => {
    expect(renderTable(columns, rows, plain)).toBe('NAME     STATE\nweb      ok\n数据库   -')
    expect(renderTable(columns, rows.slice(0, 1), { ...plain, wide: true })).toBe('NAME   STATE   MORE\nweb    ok      x')
  })

  test('colours do not move columns', () => {
    const text = renderTable(columns, rows, colored)
    expect(text).toContain('\u001B[32mok\u001B[39m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: takes the colours out again.
    expect(text.replace(/\u001B\[\d+m/g, '')).toBe(renderTable(columns, rows, plain))
  })

  test.each([
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['日本', 4],
    ['🚀', 2],
  ])('%s takes %i columns', (text, width) => expect(textWidth(text)).toBe(width))

  test('fields without a value are left out', () => {
    const fields = [
      ['Name', 'web'],
      ['Nothing', undefined],
      ['Because', 'yes'],
    ] as const
    expect(renderFields(fields)).toBe('Name:      web\nBecause:   yes')
  })
})

describe('colours', () => {
  test.each([
    ['a terminal', { isTTY: true }, {}, true],
    ['a pipe', {}, {}, false],
    ['NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', { isTTY: true }, { NO_COLOR: '' }, true],
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }, false],
  ])('%s: %j', (_, stream, env, wanted) => expect(hasColors(stream, env)).toBe(wanted))
})

describe('output formats', () => {
  const shape: Shape<{ id: number }> = { name: (one) => `thing/${one.id}`, none: 'Nothing.', columns: [{ title: 'ID', text: (one) => String(one.id) }] }
  test.each([
    ['table', 'ID\n1\n2'],
    ['name', 'thing/1\nthing/2'],
    ['json', '[\n  {\n    "id": 1\n  },\n  {\n    "id": 2\n  }\n]'],
    ['yaml', '- id: 1\n- id: 2'],
  ] as const)('%s', async (format, text) => expect(await formatList([{ id: 1 }, { id: 2 }], format, { shape, screen: plain })).toBe(text))

  test('an empty list is an empty array for programs and no table for people', async () => {
    expect(await formatList([], 'json', { shape })).toBe('[]')
    expect(await formatList([], 'table', { shape })).toBe('')
  })

  test('YAML has no aliases for what is there twice', async () => {
    const twice = { a: 1 }
    expect(await formatData([twice, twice], 'yaml')).toBe('- a: 1\n- a: 1')
  })

  test('a word near to a format is offered', () =>
    expect(() => parseFormat('jsn')).toThrow(expect.objectContaining({ code: 'usage', next: 'Did you mean json?' })))
})

test('what is watched elsewhere than on a terminal gives only new lines', () => {
  expect(newLines(['HEAD', 'a 1', 'b 2', ''], new Set(['HEAD', 'a 1']))).toEqual(['b 2'])
})

describe('logs', () => {
  test.each([
    ['##[group]Run npm ci', '▾ Run npm ci'],
    ['##[endgroup]', ''],
    ['##[error]it broke', 'error: it broke'],
    ['##[warning]careful', 'warning: careful'],
    ['plain', 'plain'],
    ['not ##[error]here', 'not ##[error]here'],
  ])('%s', (line, text) => expect(formatLogLine(line, plain)).toBe(text))

  test('a line of an instance', () => {
    const line = { at: 0, instance: 'web-1', stream: 'stdout', text: 'ready' } as const
    expect(formatInstanceLine(line, { screen: plain, timestamps: true })).toBe('1970-01-01T00:00:00.000Z web-1 | ready')
  })
})

describe('the timeline', () => {
  const entry = (id: string, text: string, cause?: string): TimelineEntry => ({
    id,
    at: 0,
    kind: 'run',
    state: 'good',
    text,
    project: 'a/b',
    ...(cause ? { cause } : {}),
  })

  test('what was caused stands below and to the right; one stream stays one column; hidden steps between are bridged', () => {
    const entries = [
      entry('deployment/d#5', 'live', 'deployment/d#4'),
      entry('deployment/d#2', 'approval', 'deployment/d#1'),
      entry('deployment/d#1', 'deployment', 'run/r#1'),
      entry('run/r#7', 'run ended', 'run/r#6'),
      entry('run/r#1', 'run', 'project/p#3'),
      entry('project/p#3', 'push', 'project/p#2'),
    ]
    const lines = renderTimeline(entries, plain)
      .split('\n')
      .map((line) => line.slice('00:00:00  '.length))
    expect(lines).toEqual(['✓ push', '   ✓ run', '   ✓ run ended', '      ✓ deployment', '      ✓ approval', '      ✓ live'])
  })

  test('an entry whose cause is not shown stands by itself', () => {
    expect(renderTimeline([entry('run/r#1', 'run', 'project/p#3')], plain)).toBe('00:00:00  ✓ run')
  })
})
