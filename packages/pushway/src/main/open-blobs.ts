// Where the registry's bytes are kept: files in the data folder, or S3-compatible storage.

import { fail } from '@pushway/core/reason/errors.ts'
import { openFileBlobs } from '../drivers/blobs/files.ts'
import { openS3Blobs, type S3Place } from '../drivers/blobs/s3/index.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { Secret } from '../util/secret.ts'
import type { DataFolder } from './data-folder.ts'

/** Opens the store that `where` names; without it, the folder `blobs`. @throws PushwayError `usage` */
export function openBlobs(folder: DataFolder, where: string | undefined, env: NodeJS.ProcessEnv): BlobStore {
  return where ? openS3Blobs(readS3Place(where, env)) : openFileBlobs(folder.path('blobs'))
}

/**
 * `s3://BUCKET/PREFIX` with the variables that AWS' own tools read: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION,
 * and AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL) for servers that are not AWS'.
 * @throws PushwayError `usage` naming what is wrong
 */
export function readS3Place(where: string, env: NodeJS.ProcessEnv): S3Place {
  const [, bucket = '', path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(where) ?? []
  if (bucket === '')
    throw fail('usage', { problem: `"${where}" is no place for blobs.`, hint: 'Write s3://BUCKET or s3://BUCKET/PREFIX; leave it out for files.' })
  const prefix = path.replace(/^\/+|\/+$/g, '')
  if (prefix !== '' && !/^[\w.-]+(\/[\w.-]+)*$/.test(prefix))
    throw fail('usage', { problem: `"${prefix}" can't be a prefix.`, hint: 'Use letters, digits, . _ - and /.' })
  const id = env.AWS_ACCESS_KEY_ID
  const secret = env.AWS_SECRET_ACCESS_KEY
  if (!id || !secret) throw fail('usage', { problem: `${where} needs a key.`, hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the server.' })
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1'
  const address = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL
  if (address && !/^https?:$/.test(URL.parse(address)?.protocol ?? ''))
    throw fail('usage', { problem: `"${address}" is no address.`, hint: 'Set AWS_ENDPOINT_URL_S3 to something like https://minio.example:9000.' })
  return {
    bucket,
    region,
    prefix: prefix === '' ? '' : `${prefix}/`,
    key: { id, secret: new Secret(secret), ...(env.AWS_SESSION_TOKEN ? { session: new Secret(env.AWS_SESSION_TOKEN) } : {}) },
    endpoint: new URL(address || `https://s3.${region}.amazonaws.com`),
    // AWS wants the bucket in the host's name; its certificate covers no further dots.
    virtualHost: !address && !bucket.includes('.'),
  }
}
