import { routerContract } from '../../../../../../test/contract/router.contract.ts'
import { createFakeRouter } from './index.ts'

async function make() {
  const router = createFakeRouter()
  return {
    router,
    async occupy(port: number) {
      router.occupy(port, 'nginx (pid 1)')
      return async () => router.occupy(port, undefined)
    },
    close: async () => undefined,
  }
}

routerContract('fake', make, { traffic: false })
