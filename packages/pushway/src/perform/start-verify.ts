// StartVerify: runs the environment's end-to-end workflow against the new release.

import { fail, refuse } from '@pushway/core/reason/errors.ts'
import type { RolloutAction } from '@pushway/core/rollout/types.ts'
import { shortRef } from '@pushway/core/run/trigger.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import { environmentUrl } from '../model/environment-config.ts'
import { repositoryFacts } from '../model/repository-facts.ts'
import { workflowFolder } from '../model/sources.ts'
import { prepareRun } from '../model/start-runs.ts'
import type { Performer, Workshop } from '../model/workshop.ts'
import { abortBecause, type RolloutScene, sceneOf } from './rollout-action.ts'

type StartVerify = Extract<RolloutAction, { kind: 'StartVerify' }>

export const startVerify: Performer = {
  async perform(action, shop) {
    const { step, workflow: name } = action.body as StartVerify
    const scene = sceneOf(action, shop)
    if (scene.state.rollout?.verify?.step === step) return []
    const file = `${workflowFolder}/${name}`
    const parsed = await shop.sources.workflow(scene.project, scene.target.commit, file)
    if (!parsed) throw fail('not-found', { what: 'workflow', name: file })
    if (!parsed.value) throw refuse('workflow-invalid', file, parsed.diagnostics)
    const cause = await verifyCause(shop, scene, parsed.value)
    const title = `Check ${scene.environment} end to end`
    const { id, append } = await prepareRun(shop, { project: scene.project, file, cause, title, workflow: parsed.value, refused: [] })
    return [append, { stream: action.stream, expected: 'any', events: [{ type: 'VerifyStarted', step, run: id }] }]
  },
  refused: abortBecause,
}

/** Called with the inputs it declares; one without a call trigger is started as the deployment's status event. */
async function verifyCause(shop: Workshop, scene: RolloutScene, workflow: Workflow): Promise<RunCause> {
  const { project, environment, target, deployment, state } = scene
  const url = await environmentUrl(shop, target)
  const known: Record<string, string> = { url, environment, release: `v${target.number}` }
  const called = workflow.on.find((trigger) => trigger.event === 'workflow_call' || trigger.event === 'workflow_dispatch')
  const declared = called && 'inputs' in called ? called.inputs.map(({ name }) => name) : []
  const inputs = Object.fromEntries(declared.flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]]])))
  const run = state.created?.run === undefined ? undefined : shop.states.run(state.created.run).state
  const ref = run?.cause?.ref ?? 'refs/heads/main'
  const { deploymentPayload } = await import('@pushway/core/github/deployment.ts')
  const by = state.created?.by ?? 'pushway'
  const at = shop.world.clock.now()
  const id = shop.world.lists.deploymentSerial(deployment) ?? 0
  const record = { id, sha: target.commit, ref: shortRef(ref), environment, by, createdAt: state.created?.at ?? at }
  const status = { id, state: 'success' as const, environmentUrl: url, logUrl: `${shop.world.server.url}/deployments/${deployment}`, by, at }
  const payload = deploymentPayload(await repositoryFacts(shop, project), record, status)
  const base = { ref, sha: target.commit, actor: by, payload, verifies: deployment }
  return called ? { ...base, event: 'workflow_call', inputs: { ...inputs, url } } : { ...base, event: 'deployment_status', inputs: { url } }
}
