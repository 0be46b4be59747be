// Runs the agent as a process of its own, for tests: agent-main.ts STATE_DIR.

import { runAgent } from '../../packages/pushway/src/agent/main.ts'

await runAgent({ stateDir: process.argv[2] as string })
