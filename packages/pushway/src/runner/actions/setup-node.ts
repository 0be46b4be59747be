// actions/setup-node: puts the asked Node.js, with its npm, first on the job's PATH.

import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { joinInside } from '../../util/paths.ts'
import { provideNode } from '../../util/toolchain/node.ts'
import { readFileInside } from '../read-inside.ts'
import { type ActionContext, ActionFailure, type BuiltinAction, isTrue } from './types.ts'

/** What each package manager is kept by: its lock files, and the variables that name the folder. */
const managers: Readonly<Record<string, { readonly lockFiles: readonly string[]; readonly variables: readonly string[] }>> = {
  npm: { lockFiles: ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock'], variables: [] },
  yarn: { lockFiles: ['yarn.lock'], variables: ['YARN_CACHE_FOLDER', 'YARN_GLOBAL_FOLDER'] },
  pnpm: { lockFiles: ['pnpm-lock.yaml'], variables: ['npm_config_store_dir', 'PNPM_CONFIG_STORE_DIR'] },
}

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
    await useRegistry(context)
  },
}

/** The caches are folders of the project that stay: nothing is restored or saved. */
function useCache(context: ActionContext): void {
  const cache = context.input('cache').toLowerCase()
  if (cache === '') {
    context.setOutput('cache-hit', 'false')
    return
  }
  const manager = Object.hasOwn(managers, cache) ? managers[cache] : undefined
  if (!manager) throw new ActionFailure(`Caching for '${cache}' is not supported. There are ${Object.keys(managers).join(', ')}.`)
  const { workspace } = context.job.paths
  if (context.input('cache-dependency-path') === '' && !manager.lockFiles.some((name) => existsSync(joinInside(workspace, name)))) {
    throw new ActionFailure(`Dependencies lock file is not found in ${workspace}. Supported file patterns: ${manager.lockFiles.join(',')}`)
  }
  const folder = cache === 'npm' ? `${context.job.folders.npmCache}/_cacache` : `${context.job.folders.npmCache}/${cache}`
  if (cache === 'npm') context.setEnv('npm_config_prefer_offline', 'true')
  for (const name of manager.variables) context.setEnv(name, folder)
  const filled = existsSync(folder)
  context.setOutput('cache-hit', String(filled))
  context.say(`${cache}'s packages are kept from run to run: the cache is ${filled ? 'there' : 'empty so far'}.`)
}

const writeScript = 'umask 077; printf %s "$NPMRC_TEXT" > "$1"'

/** `registry-url`: an .npmrc of the job that takes the token from NODE_AUTH_TOKEN, as on GitHub. */
async function useRegistry(context: ActionContext): Promise<void> {
  const text = context.input('registry-url')
  if (text === '') return
  if (!URL.canParse(text)) throw new ActionFailure(`registry-url is no address: ${text}`)
  const url = `${text.replace(/\/+$/, '')}/`
  const owner = String(context.job.spec.contexts.github.repository_owner ?? '')
  const named = context.input('scope') || (new URL(url).host === 'npm.pkg.github.com' ? owner : '')
  const scope = named === '' ? '' : `${named.startsWith('@') ? named : `@${named}`}:`.toLowerCase()
  const always = isTrue(context.input('always-auth'), false) ? 'always-auth=true\n' : ''
  const file = joinInside(context.job.paths.temp, '.npmrc')
  const lines = `//${url.replace(/^\w+:\/\//, '')}:_authToken=\${NODE_AUTH_TOKEN}\n${scope}registry=${url}\n${always}`
  const { exit, output } = await context.exec(['sh', '-c', writeScript, 'sh', file], { quiet: true, env: { NPMRC_TEXT: lines } })
  if (exit !== 0) throw new ActionFailure(`The settings of npm could not be written: ${output}`)
  context.setEnv('NPM_CONFIG_USERCONFIG', file)
  // npm refuses a file that names a variable which is not set.
  context.setEnv('NODE_AUTH_TOKEN', 'XXXXX-XXXXX-XXXXX-XXXXX')
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
