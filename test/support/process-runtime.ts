// A process runtime for tests: a real agent, real images in a real blob store, small programs in them.

import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openFileBlobs } from '../../packages/pushway/src/drivers/blobs/files.ts'
import { createProcessRuntime, ensureAgent, stopAgent } from '../../packages/pushway/src/drivers/runtime/process/index.ts'
import { hostAnnotations, writeImage } from '../../packages/pushway/src/oci/image.ts'
import { writeTar } from '../../packages/pushway/src/oci/tar-write.ts'
import type { BlobStore } from '../../packages/pushway/src/ports/blobs.ts'
import type { GroupSpec, Runtime } from '../../packages/pushway/src/ports/runtime.ts'
import { detectIsolation, type Isolation } from '../../packages/pushway/src/util/isolation/index.ts'
import { tempDir } from './temp.ts'

/** What an image for tests holds. */
export interface TestImage {
  /** Path → text. */
  readonly files: Readonly<Record<string, string>>
  readonly config: Parameters<typeof writeImage>[1]['config']
  readonly base?: 'host' | 'image'
}

export interface ProcessRuntimeBench {
  readonly runtime: Runtime
  readonly dataDir: string
  readonly stateDir: string
  readonly socket: string
  /** Packs an image and stores it. */
  pack(name: string, image: TestImage): Promise<GroupSpec['image']>
  /** kill -9, and gone. */
  killAgent(): Promise<void>
  /** Starts or adopts it again. */
  startAgent(): Promise<{ readonly pid: number; readonly adopted: boolean }>
  close(): Promise<void>
}

export const agentLaunch = (stateDir: string): readonly string[] => [
  process.execPath,
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('./agent-main.ts', import.meta.url)),
  stateDir,
]

/** `isolation`: what works best here when absent. */
export async function openProcessRuntime(options: { readonly isolation?: Isolation; readonly dataDir?: string } = {}): Promise<ProcessRuntimeBench> {
  const dataDir = options.dataDir ?? tempDir('runtime')
  mkdirSync(dataDir, { recursive: true })
  chmodSync(dataDir, 0o711)
  const stateDir = join(dataDir, 'agent')
  const start = () => ensureAgent({ stateDir, launch: agentLaunch(stateDir) })
  const { socket } = await start()
  const blobs = openFileBlobs(join(dataDir, 'blobs'))
  const runtime = createProcessRuntime({
    socket,
    imagesDir: join(dataDir, 'images'),
    blobs,
    toolchainCacheDir: join(dataDir, 'toolchains'),
    isolation: options.isolation ?? (await detectIsolation(undefined)),
    dataDir,
  })
  return {
    runtime,
    dataDir,
    stateDir,
    socket,
    pack: (name, image) => packImage(blobs, name, image),
    killAgent: async () => {
      const { hello } = await start()
      process.kill(hello.pid, 'SIGKILL')
      while (isThere(hello.pid)) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    startAgent: async () => {
      const { hello, adopted } = await start()
      return { pid: hello.pid, adopted }
    },
    close: async () => {
      await start()
      await stopAgent(socket, true)
    },
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function packImage(blobs: BlobStore, name: string, image: TestImage): Promise<GroupSpec['image']> {
  const folders = new Set(
    Object.keys(image.files).flatMap((path) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, i, parts) => parts.slice(0, i + 1).join('/')),
    ),
  )
  const entries = [
    ...[...folders].sort().map((path) => ({ path, type: 'directory' as const, mode: 0o755 })),
    ...Object.entries(image.files).map(([path, text]) => ({ path, type: 'file' as const, mode: 0o755, content: Buffer.from(text) })),
  ]
  const chunks: Buffer[] = []
  for await (const chunk of writeTar(entries)) chunks.push(chunk)
  const layer = await blobs.put(Buffer.concat(chunks))
  const annotations = image.base === 'image' ? {} : hostAnnotations(process.versions.node.split('.')[0])
  const platform = { os: 'linux', architecture: 'amd64' }
  const { digest } = await writeImage(blobs, { layers: [layer], config: image.config, history: [], annotations, platform })
  return { repository: `acme/${name}`, digest, origin: 'pushed' }
}
