// The built-in actions, by name.

import { findAction } from '@pushway/core/workflow/known-actions.ts'
import { checkout } from './checkout.ts'
import { dockerLogin } from './docker-login.ts'
import { setupNode } from './setup-node.ts'
import type { BuiltinAction } from './types.ts'

const actions: readonly BuiltinAction[] = [checkout, setupNode, dockerLogin]

/** The action that `uses` names, whatever its ref; undefined when there is none. */
export function builtinAction(uses: string): BuiltinAction | undefined {
  const name = findAction(uses)?.name
  return actions.find((action) => action.name === name)
}
