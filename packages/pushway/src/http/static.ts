// The built UI: files of one folder, and its page for every address that is not a file.

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { joinInside } from '../util/paths.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
}

/** Nothing but the UI's own files, no frames, no inline code. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** The handler of everything that no other one takes. */
export function createStatic(webDir: string | undefined): (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void> {
  return async (req, res, path) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return sendText(res, 405, 'Use GET.')
    const file = webDir === undefined ? undefined : await findFile(webDir, path)
    if (!file) return sendText(res, 404, webDir === undefined ? 'The user interface is not part of this build.' : 'There is no such page.')
    const headers = {
      'content-type': types[extname(file.path)] ?? 'application/octet-stream',
      'content-length': String(file.size),
      etag: file.etag,
      // A name with a hash in it never changes its content.
      'cache-control': /[-.][A-Za-z0-9]{8,}\.(js|css|woff2|svg|png)$/.test(file.path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': policy,
    }
    if (req.headers['if-none-match'] === file.etag) {
      res.writeHead(304, { etag: file.etag, 'cache-control': headers['cache-control'] })
      res.end()
      return
    }
    res.writeHead(200, headers)
    if (req.method === 'HEAD') res.end()
    else await pipeline(createReadStream(file.path), res).catch(() => res.destroy())
  }
}

interface FoundFile {
  readonly path: string
  readonly size: number
  readonly etag: string
}

async function findFile(webDir: string, path: string): Promise<FoundFile | undefined> {
  const name = path.replace(/^\/+/, '')
  // Addresses of pages have names with dots in them too (`acme/web.app`): a file wins where there is one, else assets are simply absent.
  const candidates = /\.(js|css|map|svg|png|ico|woff2|webmanifest)$/.test(name) ? [name] : [name, 'index.html']
  for (const candidate of candidates) {
    const found = candidate === '' ? undefined : await statFile(webDir, candidate)
    if (found) return found
  }
  return undefined
}

async function statFile(webDir: string, name: string): Promise<FoundFile | undefined> {
  try {
    const path = joinInside(webDir, name)
    const found = await stat(path)
    return found.isFile() ? { path, size: found.size, etag: `"${found.size.toString(36)}-${Math.floor(found.mtimeMs).toString(36)}"` } : undefined
  } catch {
    return undefined
  }
}

function sendText(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  res.end(`${text}\n`)
}
