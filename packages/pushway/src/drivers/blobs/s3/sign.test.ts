// The examples of S3's own documentation ("Signature Calculations: Transferring Payload in a Single Chunk").

import { expect, test } from 'vitest'
import { Secret } from '../../../util/secret.ts'
import { readTag } from './client.ts'
import { encodeStrict, signRequest } from './sign.ts'

const key = { id: 'AKIAIOSFODNN7EXAMPLE', secret: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY') }

test.each([
  ['GET', '/test.txt', { range: 'bytes=0-9' }, '', 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'],
  [
    'PUT',
    '/test%24file.text',
    { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    'Welcome to Amazon S3.',
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  ['GET', '/?lifecycle=', {}, '', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ['GET', '/?max-keys=2&prefix=J', {}, '', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
] as const)('%s %s is signed as documented', (method, path, headers, body, signature) => {
  const url = new URL(`https://examplebucket.s3.amazonaws.com${path}`)
  const signed = signRequest({ method, url, headers, body: Buffer.from(body), region: 'us-east-1', key, now: Date.UTC(2013, 4, 24) })
  expect(signed.authorization).toMatch(new RegExp(`Signature=${signature}$`))
  expect(signed['x-amz-date']).toBe('20130524T000000Z')
})

test('temporary credentials are named and signed; names are escaped as S3 wants', () => {
  const url = new URL('https://x/')
  const signed = signRequest({ method: 'GET', url, headers: {}, body: Buffer.of(), region: 'eu', key: { ...key, session: new Secret('s') }, now: 0 })
  expect([signed['x-amz-security-token'], signed.authorization]).toEqual(['s', expect.stringContaining('x-amz-date;x-amz-security-token,')])
  expect(encodeStrict("a b/c!'()*~é")).toBe('a%20b%2Fc%21%27%28%29%2A~%C3%A9')
})

test('elements of answers are read with their entities', () => {
  expect(readTag('<A><Key n="1">a&amp;b &lt;c&gt; &#34;</Key></A>', 'Key')).toBe('a&b <c> "')
  expect(readTag('<A><Keys>x</Keys></A>', 'Key')).toBeUndefined()
})
