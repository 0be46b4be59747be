import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { routerContract } from '../../../../../../test/contract/router.contract.ts'
import { startTestProxy } from '../../../../../../test/support/proxy.ts'
import { createEmbeddedRouter, ensureProxy } from './index.ts'

async function make() {
  const proxy = await startTestProxy()
  return {
    router: createEmbeddedRouter({ socket: proxy.socket }),
    async occupy(port: number) {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
      return () => new Promise<void>((resolve) => server.close(() => resolve()))
    },
    async crash() {
      process.kill(await proxy.pid(), 'SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, 100))
      const found = await proxy.ensure()
      expect(found.adopted).toBe(false)
    },
    close: proxy.close,
  }
}

routerContract('embedded', make, { traffic: true })

describe('ensureProxy', () => {
  test('adopts the running proxy of the same build', async () => {
    const proxy = await startTestProxy()
    const pid = await proxy.pid()
    expect(await ensureProxy({ stateDir: proxy.stateDir, launch: proxy.launch })).toMatchObject({ adopted: true, replaced: false, pid })
    await proxy.close()
  })

  test('nobody answers: proxy-unreachable in one sentence', async () => {
    const router = createEmbeddedRouter({ socket: '/nowhere/proxy.sock' })
    await expect(router.read(undefined, new AbortController().signal)).rejects.toMatchObject({ code: 'proxy-unreachable' })
  })
})
