// Messages of the event stream.

import { describe, expect, it } from 'vitest'
import { parseLiveMessage } from './live-codec.ts'

describe('parseLiveMessage', () => {
  it('takes what the server promises', () => {
    expect(parseLiveMessage('{"cursor":7,"topic":"run:r1","type":"JobStarted"}')).toEqual({ cursor: 7, topic: 'run:r1', type: 'JobStarted' })
  })

  it.each(['', 'null', '7', '{', '{"cursor":"7","topic":"x","type":"y"}', '{"topic":"x","type":"y"}'])('drops %s', (text) => {
    expect(parseLiveMessage(text)).toBeUndefined()
  })
})
