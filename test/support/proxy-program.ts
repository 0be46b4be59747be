// The proxy as a program of its own, for tests: `node --import tsx proxy-program.ts --state DIR`.

import { runProxy } from '../../packages/pushway/src/proxy/main.ts'

await runProxy({ stateDir: process.argv.at(-1) as string })
