// Built-in actions that run as a process of their job, with the rights of a step: `pushway internal action NAME STAGE`.

import { PushwayError } from '@pushway/core/reason/errors.ts'
import { ActionFailure } from '../actions/types.ts'
import { createKit, type Kit } from './kit.ts'

type Stage = (kit: Kit) => Promise<void>

const saver = async () => (await import('./setup-tools.ts')).saveDownloads

/** `name stage` → what it does; loaded when it is used. */
const stages: Readonly<Record<string, () => Promise<Stage>>> = {
  'actions/upload-artifact main': async () => (await import('./artifacts.ts')).uploadArtifact,
  'actions/upload-artifact/merge main': async () => (await import('./artifacts.ts')).mergeArtifacts,
  'actions/download-artifact main': async () => (await import('./artifacts.ts')).downloadArtifact,
  'actions/cache main': async () => (await import('./cache.ts')).restoreCache,
  'actions/cache post': async () => (await import('./cache.ts')).saveAfterwards,
  'actions/cache/restore main': async () => (await import('./cache.ts')).restoreOnly,
  'actions/github-script main': async () => (await import('./github-script.ts')).githubScript,
  'docker/metadata-action main': async () => (await import('./docker-metadata.ts')).dockerMetadata,
  'docker/build-push-action main': async () => (await import('./docker-build-push.ts')).buildAndPush,
  'docker/setup-buildx-action main': async () => (await import('./docker-setup.ts')).setupBuildx,
  'docker/setup-qemu-action main': async () => (await import('./docker-setup.ts')).setupQemu,
  'actions/setup-python main': async () => (await import('./setup-python.ts')).setupPython,
  'actions/setup-go main': async () => (await import('./setup-go.ts')).setupGo,
  'actions/setup-java main': async () => (await import('./setup-java.ts')).setupJava,
  'actions/setup-python post': saver,
  'actions/setup-go post': saver,
  'actions/setup-java post': saver,
  'actions/cache/save main': async () => (await import('./cache.ts')).saveOnly,
}

/** Gives the exit code; why it failed is an error command on standard output. */
export async function runProcessAction([name = '', stage = '']: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const kit = createKit(env, (text) => void process.stdout.write(`${text}\n`))
  try {
    const load = stages[`${name} ${stage}`]
    if (!load) throw new ActionFailure(`There is no stage ${stage} of ${name}.`)
    await (await load())(kit)
    return 0
  } catch (error) {
    if (!(error instanceof ActionFailure) && !(error instanceof PushwayError)) throw error
    kit.error(error.message)
    return 1
  }
}
