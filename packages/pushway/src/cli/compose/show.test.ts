// What people read: ages, times of logs, health, ports, progress.

import { afterEach, describe, expect, test, vi } from 'vitest'
import { containerSummary } from '../../util/engine-api/index.ts'
import { timeOf } from './log-lines.ts'
import { createProgress } from './progress.ts'
import { ageText, commandText, healthOf, portsText, publishers } from './show-container.ts'

test.each([
  [0.4, 'Less than a second'],
  [1.9, '1 second'],
  [59, '59 seconds'],
  [61, 'About a minute'],
  [3599, '59 minutes'],
  [3700, 'About an hour'],
  [47 * 3600, '47 hours'],
  [49 * 3600, '2 days'],
  [15 * 86_400, '2 weeks'],
  [70 * 86_400, '2 months'],
  [800 * 86_400, '2 years'],
])('an age of %d s is %s', (seconds, text) => expect(ageText(seconds)).toBe(text))

test.each([
  ['10m', '999400.000'],
  ['1h30m', '994600.000'],
  ['500ms', '999999.500'],
  ['1700000000', '1700000000'],
  ['2026-01-02T03:04:05Z', '1767323045.000'],
  ['whenever', 'whenever'],
])('the time %s is %s for the engine', (text, is) => expect(timeOf(text, 1_000_000_000)).toBe(is))

const summary = containerSummary.parse({
  Id: 'c',
  Status: 'Up 2 seconds (health: starting)',
  Command: 'redis-server --protected-mode no',
  Ports: [
    { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 53, Type: 'udp' },
  ],
})

test('a container', () => {
  expect(commandText(summary, true)).toBe('"redis-server --prot…"')
  expect(commandText(summary, false)).toBe('"redis-server --protected-mode no"')
  expect(healthOf(summary)).toBe('starting')
  expect(portsText(summary)).toBe('53/udp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp')
  expect(publishers(summary)[0]).toEqual({ URL: '', TargetPort: 53, PublishedPort: 0, Protocol: 'udp' })
})

describe('progress', () => {
  const written: string[] = []
  const capture = () => {
    written.length = 0
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  }
  afterEach(() => vi.restoreAllMocks())

  test('is a list that changes in place on a terminal', () => {
    capture()
    const progress = createProgress('tty')
    progress.say('Container a', 'Starting')
    progress.say('Container a', 'Started')
    const last = (written.at(-1) ?? '').split('\u001B').join('')
    expect(last).toContain('[+] Running 1/1')
    expect(last).toMatch(/✔\[0m Container a {2}Started +\d+\.\ds/)
    expect(written.at(-1)?.startsWith('\u001B[2A')).toBe(true)
  })

  test('is a line for each step elsewhere, and nothing when it is to be quiet', () => {
    capture()
    createProgress('plain').say('Container a', 'Started')
    createProgress('quiet').say('Container b', 'Started')
    expect(written).toEqual([' Container a  Started\n'])
  })
})
