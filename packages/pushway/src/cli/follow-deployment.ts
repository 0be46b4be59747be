// What rollback and promote do after they have opened a deployment: say which, or wait for its end.

import type { DeploymentSummary, DeploymentView } from '@pushway/core/views/types.ts'
import type { ApiClient } from '../http/client.ts'
import { note, type OutputFormat, printOne } from './output.ts'
import type { Screen } from './screen.ts'
import { deploymentState, showProgress } from './views/deployments.ts'
import { watch } from './watch.ts'

/** The exit code: 1 when it was watched and did not succeed. */
export async function finish(
  client: ApiClient,
  opened: DeploymentSummary,
  { watching, output }: { readonly watching: boolean; readonly output: OutputFormat },
): Promise<number> {
  if (!watching) {
    const describe = () => `Deployment ${opened.id} to ${opened.environment}: ${deploymentState(opened)}. ${opened.why.sentence}`
    await printOne(opened, output, { name: `deployment/${opened.id}`, describe })
    note(`Watch it: pushway describe deployment ${opened.id} -w`)
    return 0
  }
  const people = output === 'table' || output === 'wide'
  const show = (view: DeploymentView, screen: Screen) => (people ? showProgress(view, screen) : '')
  const end = await watch({ read: () => client.deployment(opened.id), show, done: ({ status }) => status === 'done' })
  if (!people) await printOne(end, output, { name: `deployment/${end.id}`, describe: showProgress })
  return end.conclusion === 'success' ? 0 : 1
}
