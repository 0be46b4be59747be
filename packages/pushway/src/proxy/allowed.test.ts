// Who may connect to a route with ranges.

import { expect, test } from 'vitest'
import { isAllowed, isRange } from './allowed.ts'

const route = { from: ['172.18.0.0/16', 'fd00:18::/64'], listen: { host: '198.18.0.9', port: 80 } }

test.each([
  ['172.18.3.4', true],
  ['::ffff:172.18.3.4', true],
  ['172.19.0.1', false],
  ['fd00:18::5', true],
  ['fd00:19::5', false],
  ['198.18.0.9', true],
  ['127.0.0.1', true],
  ['192.0.2.7', false],
  [undefined, false],
])('from %s: %s', (remote, allowed) => expect(isAllowed(route, remote)).toBe(allowed))

test('without ranges everyone may', () => expect(isAllowed({ listen: route.listen }, '192.0.2.7')).toBe(true))

test.each([
  ['172.18.0.0/16', true],
  ['fd00::/64', true],
  ['172.18.0.0/33', false],
  ['anywhere', false],
  [7, false],
])('%s is a range: %s', (text, range) => expect(isRange(text)).toBe(range))
