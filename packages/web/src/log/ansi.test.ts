// Colours of logs: pieces of text, never HTML.

import { describe, expect, it } from 'vitest'
import { ansiPieces } from './ansi.ts'
import { readLine, stripAnsi } from './line.ts'

describe('ansiPieces', () => {
  it('gives classes to the sixteen colours and keeps the text as it is', () => {
    expect(ansiPieces('a \u001b[1;31m<b>&\u001b[0m c')).toEqual([
      { text: 'a ', classes: '' },
      { text: '<b>&', classes: 'ansi-bold ansi-red-fg' },
      { text: ' c', classes: '' },
    ])
  })

  it('gives a colour to all others', () => {
    expect(ansiPieces('\u001b[38;2;1;2;3mx')).toEqual([{ text: 'x', classes: '', color: 'rgb(1,2,3)' }])
  })

  it('links only to http(s)', () => {
    expect(ansiPieces('\u001b]8;;https://example.com\u0007site\u001b]8;;\u0007')).toEqual([{ text: 'site', classes: '', href: 'https://example.com' }])
    expect(ansiPieces('\u001b]8;;javascript:alert(1)\u0007site\u001b]8;;\u0007').some(({ href }) => href !== undefined)).toBe(false)
  })

  it('does not lose text to a sequence that is cut off', () => {
    expect(
      ansiPieces('text\u001b[3')
        .map(({ text }) => text)
        .join(''),
    ).toContain('text')
  })
})

describe('readLine', () => {
  it.each([
    ['##[group]Run npm ci', 'group', 'Run npm ci'],
    ['##[endgroup]', 'endgroup', ''],
    ['::group::x', 'group', 'x'],
    ['::warning file=a.js,line=3::old', 'warning', 'old'],
    ['##[error]bad', 'error', 'bad'],
    ['## heading', 'plain', '## heading'],
    ['plain ##[error]', 'plain', 'plain ##[error]'],
    ['::set-output name=x::1', 'plain', '::set-output name=x::1'],
    ['', 'plain', ''],
  ])('%s', (line, kind, text) => {
    expect(readLine(line)).toEqual({ kind, text })
  })
})

describe('stripAnsi', () => {
  it('removes sequences and keeps text', () => {
    expect(stripAnsi('\u001b[1;31mred\u001b[0m \u001b]8;;https://x\u0007link\u001b]8;;\u0007')).toBe('red link')
    expect(stripAnsi('plain')).toBe('plain')
  })
})
