// The file driver against the BlobStore contract, and what is its own: file names, modes, half-written files.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blobStoreContract } from '../../../../../test/contract/blob-store.contract.ts'
import { tempDir } from '../../../../../test/support/temp.ts'
import { openFileBlobs } from './files.ts'

blobStoreContract('files', () => {
  const dir = tempDir('blobs')
  return { open: () => openFileBlobs(dir) }
})

test('blobs lie where an OCI image layout has them', async () => {
  const dir = tempDir('blobs')
  const { digest } = await openFileBlobs(dir).put(Buffer.from('layout'))
  expect(readdirSync(join(dir, 'sha256'))).toEqual([digest.slice('sha256:'.length)])
  expect(readdirSync(join(dir, 'uploads'))).toEqual([])
})
