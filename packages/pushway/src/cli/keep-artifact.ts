// Puts an artifact's bytes in a folder: a zip is unpacked, any other file is kept as it is.

import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { unpackZip } from '../util/zip.ts'

export interface KeptArtifact {
  readonly bytes: AsyncIterable<Uint8Array>
  readonly mime: string
  readonly fileName: string
  readonly to: string
}

/** Gives the paths of the files below `to`. @throws PushwayError `archive-refused` */
export async function keepArtifact({ bytes, mime, fileName, to }: KeptArtifact): Promise<readonly string[]> {
  const temp = mkdtempSync(join(tmpdir(), 'pushway-artifact-'))
  try {
    const zip = mime === 'application/zip'
    if (!zip) mkdirSync(to, { recursive: true })
    const file = zip ? join(temp, 'artifact.zip') : join(to, basename(fileName))
    await pipeline(Readable.from(bytes), createWriteStream(file))
    return zip ? await unpackZip(file, to) : [basename(fileName)]
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
}
