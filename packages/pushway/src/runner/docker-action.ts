// A Docker action: each of its stages is a container with the workspace in it, as on GitHub.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#runs-for-docker-container-actions

import type { ActionRuns } from '@pushway/core/action/types.ts'
import { evaluateText, type Scope } from '@pushway/core/workflow/evaluate.ts'
import type { Engine } from '../util/engine-api/index.ts'
import { ensureImage } from '../util/engine-jobs.ts'
import type { FoundAction } from './action-types.ts'
import { ActionFailure, dockerProblem } from './actions/types.ts'
import { buildActionImage } from './containers/action-image.ts'
import { createActionSandbox } from './containers/action-sandbox.ts'
import { engineImage } from './containers/images.ts'
import type { Place } from './containers/places.ts'
import type { JobState } from './job-state.ts'
import { actionVariables, holds, inputVariables, memoryOf, stateVariables } from './node-action.ts'
import { runCommand } from './run-command.ts'
import { splitWords } from './split-words.ts'
import type { StepRun } from './step-run.ts'

export interface DockerCall {
  readonly action: FoundAction
  readonly inputs: Readonly<Record<string, string>>
  readonly run: StepRun
}

type DockerRuns = Extract<ActionRuns, { using: 'docker' }>

/** Runs the action, and has its post-entrypoint run at the job's end. `false`: it failed. @throws ActionFailure when it can't be run */
export async function runDockerAction(state: JobState, call: DockerCall): Promise<boolean> {
  const runs = call.action.definition.runs as DockerRuns
  const engine = await state.docker.engine()
  if (!engine) throw new ActionFailure(dockerProblem)
  const image = await imageOf(state, engine, { ...call, runs })
  const stage = (key: string, run: StepRun, entrypoint: string | undefined) => runStage(state, { engine, image, runs }, { ...call, run, key, entrypoint })
  addPost(state, call, stage)
  const { preEntrypoint, preIf } = runs
  if (preEntrypoint !== undefined && holds(preIf, state, call.run.env) && !(await stage(`pre_${call.run.key}`, call.run, preEntrypoint))) return false
  return stage(call.run.key, call.run, call.inputs.entrypoint || runs.entrypoint)
}

type Stage = (key: string, run: StepRun, entrypoint: string | undefined) => Promise<boolean>

function addPost(state: JobState, { action, run }: DockerCall, stage: Stage): void {
  const { postEntrypoint, postIf } = action.definition.runs as DockerRuns
  const memory = memoryOf(state, run.key)
  if (postEntrypoint === undefined || memory.postAdded) return
  memory.postAdded = true
  const env = () => ({ ...state.env, ...run.own })
  state.posts.push({
    name: `Post ${run.name}`,
    when: () => holds(postIf, state, env()),
    run: async (context) => {
      const ok = await stage(`post_${run.key}`, { ...run, ...context, env: env(), stops: context }, postEntrypoint)
      if (!ok) throw new ActionFailure(`Post ${run.name} failed.`)
    },
  })
}

async function imageOf(state: JobState, engine: Engine, { action, run, runs }: DockerCall & { runs: DockerRuns }): Promise<string> {
  const signal = run.stops.stop
  if (!runs.image.startsWith('docker://')) return buildActionImage(engine, { dir: action.dir, dockerfile: runs.image, say: run.say, signal })
  const { name, ...how } = engineImage({ image: runs.image.slice('docker://'.length) }, state.input.spec.server)
  await ensureImage(engine, name, { ...how, signal })
  return name
}

async function runStage(
  state: JobState,
  { engine, image, runs }: { engine: Engine; image: string; runs: DockerRuns },
  call: DockerCall & { key: string; entrypoint: string | undefined },
): Promise<boolean> {
  const { inputs, run, entrypoint } = call
  const memory = memoryOf(state, run.key.replace(/^(pre|post)_/, ''))
  const scope: Scope = { ...run.scope, contexts: { ...run.scope.contexts, inputs } }
  const args = inputs.args ? splitWords(inputs.args) : runs.args.map((arg) => evaluateText(arg, scope))
  const own = Object.fromEntries(runs.env.map(([name, value]) => [name, evaluateText(value, scope)]))
  const { trusted } = state
  const socket = trusted && engine.address.kind === 'unix' ? [`${engine.address.path}:/var/run/docker.sock`] : []
  const sandbox = createActionSandbox({
    engine,
    image,
    network: state.docker.network(),
    places: placesOf(state),
    binds: socket,
    mark: state.docker.mark,
    ...(entrypoint ? { entrypoint } : {}),
  })
  const { code, ok, problem } = await runCommand(state, args, {
    run: { ...run, key: call.key, env: { ...own, ...run.env } },
    cwd: state.paths.workspace,
    place: { sandbox, home: '/github/home' },
    extra: { ...inputVariables(inputs), ...stateVariables(memory), ...actionVariables(call.action, run) },
    save: (name, value) => {
      memory.state[name] = value
    },
  })
  if (problem !== undefined) throw new ActionFailure(problem)
  if (code !== 0) run.say(`Docker run failed with exit code ${code}`)
  return code === 0 && ok
}

function placesOf({ paths }: JobState): readonly Place[] {
  return [
    { host: paths.workspace, inside: '/github/workspace' },
    { host: paths.temp, inside: '/github/runner_temp' },
    { host: paths.home, inside: '/github/home' },
    { host: paths.commands, inside: '/github/file_commands' },
    { host: paths.event, inside: '/github/workflow/event.json' },
  ]
}
