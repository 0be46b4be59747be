// What the server's start says on its standard output.

import { z } from 'zod'

const ready = z.object({ url: z.string(), signIn: z.string().optional(), isolation: z.string() })

export type Ready = z.infer<typeof ready>

/** Reads the line that `pushway server -o json` prints when it is up. */
export function readReady(line: string): Ready {
  return ready.parse(JSON.parse(line))
}
