// pushway resume: lets a paused rollout go on.

import type { Command } from 'commander'
import { addDecision, type DecideOptions, decide } from '../decide.ts'

/** Adds `pushway resume`. */
export function register(program: Command): void {
  addDecision(program, { name: 'resume', summary: 'let a paused rollout go on', description: 'Lets a paused rollout go on.' }).action(
    (text: string, options: DecideOptions) => decide(text, options, (client, id) => client.resume(id)),
  )
}
