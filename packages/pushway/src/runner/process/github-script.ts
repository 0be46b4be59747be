// actions/github-script: runs a script with the objects of GitHub's own toolkit packages.
// Follows the inputs and names of https://github.com/actions/github-script

import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as core from '@actions/core'
import * as exec from '@actions/exec'
import { context, getOctokit } from '@actions/github'
import * as glob from '@actions/glob'
import * as io from '@actions/io'
import { retry } from '@octokit/plugin-retry'
import { ActionFailure } from '../actions/types.ts'
import type { Kit } from './kit.ts'

type Script = (...values: readonly unknown[]) => Promise<unknown>
const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (...parameters: readonly string[]) => Script

export async function githubScript(kit: Kit): Promise<void> {
  const script = kit.required('script')
  const encoding = kit.input('result-encoding') || 'json'
  if (encoding !== 'json' && encoding !== 'string') throw new ActionFailure('"result-encoding" must be either "string" or "json"')
  const octokit = connect(kit)
  const require = createRequire(join(kit.workspace, 'github-script.cjs'))
  const objects = {
    ...{ require, __original_require__: require, github: octokit, octokit },
    getOctokit: (token: string, options: object = {}, ...plugins: readonly []) => getOctokit(token, { ...optionsOf(kit), ...options }, ...plugins, retry),
    ...{ context, core, exec, glob, io },
  }
  let result: unknown
  try {
    result = await new AsyncFunction(...Object.keys(objects), script)(...Object.values(objects))
  } catch (error) {
    throw new ActionFailure(`Unhandled error: ${error}${placeOf(error)}`)
  }
  kit.setOutput('result', encoding === 'json' ? (JSON.stringify(result) ?? 'undefined') : String(result))
}

/** Where in the script it was thrown: the engine counts two lines of its own before it. */
function placeOf(error: unknown): string {
  const [, line] = /<anonymous>:(\d+):\d+/.exec(error instanceof Error ? (error.stack ?? '') : '') ?? []
  return line === undefined ? '' : ` (line ${Number(line) - 2} of the script)`
}

/** Without an address of the API the client would speak to GitHub with a token that is none of GitHub's. */
function connect(kit: Kit) {
  const token = kit.input('github-token') || kit.env.GITHUB_TOKEN || ''
  const base = kit.input('base-url') || kit.env.GITHUB_API_URL || ''
  return getOctokit(token === '' ? 'none' : token, { ...optionsOf(kit), baseUrl: URL.canParse(base) ? base : 'http://127.0.0.1:9/api/v3' }, retry)
}

function optionsOf(kit: Kit) {
  const retries = numberOf(kit, 'retries', '0')
  const exempt = kit.input('retry-exempt-status-codes') || '400,401,403,404,422'
  const doNotRetry = exempt.split(',').map((code) => Number(code.trim()))
  if (doNotRetry.some(Number.isNaN)) throw new ActionFailure(`retry-exempt-status-codes is no list of numbers: ${exempt}`)
  const previews =
    kit.input('previews') === ''
      ? {}
      : {
          previews: kit
            .input('previews')
            .split(',')
            .map((name) => name.replace(/-preview$/, '').trim()),
        }
  return {
    userAgent: kit.input('user-agent') || 'actions/github-script',
    ...previews,
    ...(kit.flag('debug') ? { log: console } : {}),
    request: retries > 0 ? { retries } : {},
    retry: retries > 0 ? { doNotRetry } : { enabled: false },
  }
}

function numberOf(kit: Kit, name: string, fallback: string): number {
  const text = kit.input(name) || fallback
  if (!/^\d{1,3}$/.test(text)) throw new ActionFailure(`${name} must be a number, not "${text}".`)
  return Number(text)
}
