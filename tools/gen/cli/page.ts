// The page as it should be now.

import { commandTree } from '../../../packages/pushway/src/cli/program.ts'
import { composition } from '../../../packages/pushway/src/main/composition.ts'
import { renderCli } from './render.ts'

/** Defaults that come from the environment are left out of the page. */
export async function cliPage(): Promise<string> {
  for (const name of ['PUSHWAY_DATA', 'PUSHWAY_PORT', 'PUSHWAY_HOST']) delete process.env[name]
  return renderCli(await commandTree(composition))
}
