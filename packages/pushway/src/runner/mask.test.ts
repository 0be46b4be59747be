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
    ['in XML by numbers', '<k>S3cr3t &#34;va&#39;lue&#34;&amp;&lt;x&gt;/%</k>', '<k>***</k>'],
    ['in XML, only what it must', '<k>S3cr3t "va\'lue"&amp;&lt;x&gt;/%</k>', '<k>***</k>'],
    ['in XML as Python writes it', '<k>S3cr3t &quot;va&#x27;lue&quot;&amp;&lt;x&gt;/%</k>', '<k>***</k>'],
    ['in a form', `q=${encodeURIComponent(secret).replaceAll('%20', '+')}`, 'q=***'],
    ['quoted with double quotes', 'echo "S3cr3t \\"va\'lue\\"&<x>/%"', 'echo "***"'],
    ['quoted sign by sign (printf %q)', 'echo S3cr3t\\ \\"va\\\'lue\\"\\&\\<x\\>/%', 'echo ***'],
    ["quoted in $'…'", `echo $'S3cr3t "va\\'lue"&<x>/%'`, `echo $'***'`],
    ['in base64url', Buffer.from(secret).toString('base64url'), '***'],
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

  test.each([0, 1, 2])('in base64url of a longer text, %s bytes after a boundary', (offset) => {
    const value = 'correct?horse~battery>'
    const masked = createMasker([value]).mask(Buffer.from(`${'~'.repeat(offset)}${value}:tail`).toString('base64url'))
    expect(masked).toContain('***')
    expect(masked.length).toBeLessThan(18)
  })

  test.each([64, 76])('in base64 that is broken into lines of %s columns', (columns) => {
    const value = Array.from({ length: 40 }, (_, i) => `part-${i}`).join('/')
    const lines = Buffer.from(value)
      .toString('base64')
      .replace(new RegExp(`.{${columns}}`, 'g'), '$&\n')
      .split('\n')
    const masker = createMasker([value])
    expect(lines.length).toBeGreaterThan(4)
    for (const line of lines) expect(masker.mask(line)).toBe('***')
  })

  test('each line of a longer one in each encoding, too', () => {
    const masker = createMasker(['first-line-of-key\nsecond "line" of key'])
    const line = 'second "line" of key'
    for (const text of [line, JSON.stringify(line).slice(1, -1), encodeURIComponent(line), Buffer.from(line).toString('base64')])
      expect(masker.mask(`<${text}>`)).toBe('<***>')
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
