// pushway pause: holds a rollout where it is.

import type { Command } from 'commander'
import { addDecision, type DecideOptions, decide } from '../decide.ts'

/** Adds `pushway pause`. */
export function register(program: Command): void {
  addDecision(program, {
    name: 'pause',
    summary: 'hold a rollout where it is',
    description: 'Holds a rollout where it is; what fails is still taken back.',
  }).action((text: string, options: DecideOptions) => decide(text, options, (client, id) => client.pause(id)))
}
