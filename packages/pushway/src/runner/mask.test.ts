import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMasker } from './mask.ts'

const secret = 'S3cr3t "va\'lue"&<x>/%'

describe('a secret is hidden', () => {
  test.each([
    ['plain', `a ${secret} b`, 'a *** b'],
    ['twice', `${secret}${secret}`, '***'],
    ['in JSON', JSON.stringify({ k: secret }), '{"k":"***"}'],
    ['in JSON inside JSON', JSON.stringify(JSON.stringify(secret)), '"\\"***\\""'],
    ['in a URL', `?q=${encodeURIComponent(secret)}`, '?q=***'],
    ['in XML', '<k>S3cr3t &quot;va&apos;lue&quot;&amp;&lt;x&gt;/%</k>', '<k>***</k>'],
    ['quoted for a shell', `'S3cr3t "va'\\''lue"&<x>/%'`, "'***'"],
    ['in hexadecimal', Buffer.from(secret).toString('hex'), '***'],
    ['in base64', `b ${Buffer.from(secret).toString('base64')}`, 'b ***'],
    ['in base64 with its newline', `b ${Buffer.from(`${secret}\n`).toString('base64')}`, 'b ***'],
    ['in no other text', 'nothing here', 'nothing here'],
  ])('%s', (_how, text, masked) => {
    expect(createMasker([secret]).mask(text)).toBe(masked)
  })

  test.each([0, 1, 2])('in base64 of a longer text, %s bytes after a boundary', (offset) => {
    const value = 'correct-horse-battery'
    const text = Buffer.from(`${'u'.repeat(offset)}${value}:tail`).toString('base64')
    const masked = createMasker([value]).mask(text)
    expect(masked).toContain('***')
    expect(masked.length).toBeLessThan(18)
  })

  test('line by line when it has several, whole words only from four characters on', () => {
    const masker = createMasker(['-----BEGIN-----\r\nabcdefgh\n}\nxyz12345\n'])
    expect(masker.mask('x abcdefgh y } xyz12345')).toBe('x *** y } ***')
  })

  test('with what overlaps it', () => {
    expect(createMasker(['abcdef', 'defghi']).mask('abcdefghi')).toBe('***')
  })

  test('as soon as it is added; empty ones are ignored', () => {
    const masker = createMasker(['', '  ', '\n'])
    expect(masker.mask('a b')).toBe('a b')
    masker.add('late')
    expect(masker.mask('too late')).toBe('too ***')
  })

  test('whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6 }), fc.string(), fc.string(), (value, before, after) => {
        fc.pre(value.trim().length >= 6 && !/[\r\n]/.test(value) && !'***'.includes(value))
        const masked = createMasker([value]).mask(before + value + after)
        return !masked.includes(value) || `${before}***${after}`.includes(value)
      }),
    )
  })
})
