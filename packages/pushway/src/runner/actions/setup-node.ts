// actions/setup-node: puts the asked Node.js, with its npm, first on the job's PATH.

import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { joinInside } from '../../util/paths.ts'
import { provideNode } from '../../util/toolchain/node.ts'
import { readFileInside } from '../read-inside.ts'
import { type ActionContext, ActionFailure, type BuiltinAction, isTrue } from './types.ts'

const lockFiles = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock']

export const setupNode: BuiltinAction = {
  name: 'actions/setup-node',
  inputs: [
    'node-version',
    'node-version-file',
    'cache',
    'cache-dependency-path',
    'registry-url',
    'scope',
    'always-auth',
    'check-latest',
    'token',
    'architecture',
  ],
  async run(context) {
    const wanted = context.input('node-version') || versionFromFile(context) || '*'
    const node = await provideNode(wanted, {
      cacheDir: context.job.folders.tools,
      log: context.say,
      signal: context.stop,
      checkLatest: isTrue(context.input('check-latest'), false),
    })
    context.addPath(node.binDir)
    context.setOutput('node-version', `v${node.version}`)
    context.say(node.version === process.versions.node ? `Using this machine's Node.js ${node.version}` : `Using Node.js ${node.version}`)
    const npm = await context.exec(['npm', '--version'], { quiet: true, env: { PATH: `${node.binDir}:${process.env.PATH ?? '/usr/bin:/bin'}` } })
    context.say(['##[group]Environment details', `node: v${node.version}`, `npm: ${npm.exit === 0 ? npm.output.trim() : 'none'}`, '##[endgroup]'].join('\n'))
    useCache(context)
    if (context.input('registry-url') !== '') context.say("##[warning]registry-url is not supported yet: the job uses the machine's package registry.")
  },
}

function useCache(context: ActionContext): void {
  const cache = context.input('cache').toLowerCase()
  if (cache !== 'npm') {
    if (cache !== '') context.say(`##[warning]cache: ${cache} is not supported yet: only npm's packages are kept from run to run.`)
    context.setOutput('cache-hit', 'false')
    return
  }
  const { workspace } = context.job.paths
  if (context.input('cache-dependency-path') === '' && !lockFiles.some((name) => existsSync(joinInside(workspace, name)))) {
    throw new ActionFailure(`Dependencies lock file is not found in ${workspace}. Supported file patterns: ${lockFiles.join(',')}`)
  }
  // The cache is a folder that stays: nothing is restored or saved.
  context.setEnv('npm_config_prefer_offline', 'true')
  const filled = existsSync(`${context.job.folders.npmCache}/_cacache`)
  context.setOutput('cache-hit', String(filled))
  context.say(filled ? "npm's packages are kept from run to run: the cache is there." : "npm's packages are kept from run to run: the cache is empty so far.")
}

/** The version that `.nvmrc`, `.node-version`, `.tool-versions` or `package.json` names. */
function versionFromFile(context: ActionContext): string | undefined {
  const name = context.input('node-version-file')
  if (name === '') return undefined
  const text = readFileInside(context.job.paths.workspace, name)
  if (text === undefined) throw new ActionFailure(`The specified node version file at: ${name} does not exist`)
  const version = basename(name) === 'package.json' ? fromPackage(text) : fromVersionFile(text)
  if (version === undefined) throw new ActionFailure(`${name} names no version of Node.js.`)
  context.say(`Resolved ${name} as ${version}`)
  return version
}

function fromVersionFile(text: string): string | undefined {
  const tool = /^(?:node|nodejs)\s+(?<version>[^\s#]+)/m.exec(text)?.groups?.version
  return (
    tool ??
    text
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim())
      .find((line) => line !== '')
  )
}

function fromPackage(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as {
      volta?: { node?: unknown }
      devEngines?: { runtime?: { name?: unknown; version?: unknown } }
      engines?: { node?: unknown }
    }
    const runtime = value.devEngines?.runtime
    const found = value.volta?.node ?? (runtime?.name === 'node' ? runtime.version : undefined) ?? value.engines?.node
    return typeof found === 'string' ? found : undefined
  } catch {
    return undefined
  }
}
