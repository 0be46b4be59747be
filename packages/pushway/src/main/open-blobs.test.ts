// Reading where blobs are kept: what is taken, and each way to be wrong.

import { expect, test } from 'vitest'
import { readS3Place } from './open-blobs.ts'

const key = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }

test('a bucket at AWS: its region, its host', () => {
  const place = readS3Place('s3://team-images', { ...key, AWS_REGION: 'eu-central-1', AWS_SESSION_TOKEN: 'session' })
  expect(place).toMatchObject({ bucket: 'team-images', prefix: '', region: 'eu-central-1', virtualHost: true })
  expect([place.endpoint.href, place.key.secret.reveal(), place.key.session?.reveal()]).toEqual(['https://s3.eu-central-1.amazonaws.com/', 'secret', 'session'])
  expect(readS3Place('s3://with.dots', key).virtualHost).toBe(false)
})

test('a server of one’s own, with a prefix', () => {
  const place = readS3Place('s3://blobs/one/two/', { ...key, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9000' })
  expect(place).toMatchObject({ bucket: 'blobs', prefix: 'one/two/', virtualHost: false })
  expect(place.endpoint.host).toBe('127.0.0.1:9000')
})

test.each([
  ['files', key, '"files" is no place'],
  ['s3://', key, '"s3://" is no place'],
  ['s3://Bad_Bucket', key, 'is no place'],
  ['s3://blobs/a b', key, `can't be a prefix`],
  ['s3://blobs', {}, 'needs a key'],
  ['s3://blobs', { ...key, AWS_ENDPOINT_URL: 'minio:9000' }, 'is no address'],
])('%s is refused: %#', (where, env, says) => {
  expect(() => readS3Place(where, env)).toThrow(says)
})
