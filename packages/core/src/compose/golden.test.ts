// The corpus of compose files: what we print is what Docker Compose printed, byte for byte; what we find is said at its place.

import { describe, expect, test } from 'vitest'
import { ourAnswer, readCorpus } from '../../../../test/support/compose-corpus.ts'
import { askPeer, hasPeer, peerVersion } from '../../../../test/support/compose-peer.ts'

const corpus = readCorpus()

test('the corpus has at least a hundred cases', () => {
  expect(corpus.length).toBeGreaterThan(100)
})

describe('golden', () => {
  test.each(corpus)('$name: $shows', (one) => {
    const answer = ourAnswer(one)
    expect(answer.findings.join('\n')).toBe((one.recorded.findings ?? '').trimEnd())
    const json = one.recorded[`json: docker compose ${peerVersion}`]
    const yaml = one.recorded[`yaml: docker compose ${peerVersion}`]
    if (one.settings.differs !== undefined) {
      expect(answer.json).toBe(one.recorded['json: ours']?.trimEnd())
      expect(answer.json).not.toBe(json?.trimEnd())
    } else if (json !== undefined) {
      expect(answer.json).toBe(json.trimEnd())
      expect(answer.yaml?.trimEnd()).toBe(yaml?.trimEnd())
    } else {
      expect({ refused: answer.json === undefined, errors: answer.findings.some((line) => line.includes(': error: ')) }).toEqual({
        refused: true,
        errors: true,
      })
    }
  })
})

// The recorded answers are Docker's own: asked again where the program is. It is built from a Go module, so no machine must have it.
describe.skipIf(!hasPeer())('docker compose', () => {
  test.each(corpus)('still says so for $name', (one) => {
    const answer = askPeer(one, 'json')
    const recorded = one.recorded[`${answer.ok ? 'json' : 'refused'}: docker compose ${peerVersion}`]
    expect(recorded).toBeDefined()
    // Of several mistakes it names one, and not always the same.
    if (answer.ok) expect(answer.text.trimEnd()).toBe(recorded?.trimEnd())
  })
})
