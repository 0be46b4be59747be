// What a worker is given, checked at the door. It comes from our own server, of the same version.

import { z } from 'zod'
import type { WorkerInput } from '../util/job-spool.ts'

const shape = z.looseObject({
  spec: z.looseObject({ run: z.string(), job: z.looseObject({ id: z.string(), steps: z.array(z.looseObject({ kind: z.string() })) }), timeoutMs: z.number() }),
  folders: z.looseObject({ spool: z.string(), job: z.string(), tools: z.string(), jobTools: z.string(), npmCache: z.string(), buildCache: z.string() }),
  source: z.looseObject({ kind: z.enum(['server', 'repository', 'tree']) }),
  isolation: z.looseObject({ kind: z.enum(['uid', 'namespaces', 'none']) }),
  hide: z.array(z.string()),
  keepReadOnly: z.array(z.string()),
  self: z.array(z.string()),
})

/** @throws Error when it is not a worker's input */
export function readWorkerInput(text: string): WorkerInput {
  return shape.parse(JSON.parse(text)) as unknown as WorkerInput
}
