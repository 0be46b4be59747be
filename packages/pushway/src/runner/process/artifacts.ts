// actions/upload-artifact, upload-artifact/merge and download-artifact, as built-in actions.
// Follows the inputs, outputs and rules of https://github.com/actions/upload-artifact and https://github.com/actions/download-artifact

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { artifactNameProblem } from '@pushway/core/results/artifact.ts'
import { globToRegExp } from '@pushway/core/text/glob.ts'
import { unpackZip, writeZip, type ZipInput } from '../../util/zip.ts'
import { ActionFailure } from '../actions/types.ts'
import { findFiles, rootOf } from './find-files.ts'
import type { Kit } from './kit.ts'
import { connectServices, fetchFile, type Services, sendFile } from './services.ts'

const day = 24 * 60 * 60_000

export async function uploadArtifact(kit: Kit): Promise<void> {
  sayOldVersion(kit)
  const name = kit.input('name') || 'artifact'
  const path = kit.required('path')
  const patterns = kit.lines('path')
  const files = await findFiles(patterns, { hidden: kit.flag('include-hidden-files') })
  if (files.length === 0) return sayNothingFound(kit, path)
  kit.info(`With the provided path, there will be ${files.length} file${files.length === 1 ? '' : 's'} uploaded`)
  const root = await rootOf(patterns, files)
  const inputs = files.map((file) => ({ file, name: relative(root, file) }))
  await upload(kit, name, inputs)
}

/** Artifacts of version 3 could be added to; those of now never change. */
function sayOldVersion(kit: Kit): void {
  const { GITHUB_ACTION_REF: ref = '', GITHUB_ACTION_REPOSITORY: action = 'this action' } = kit.env
  if (/^v[123](\.|$)/.test(ref)) kit.warning(`${action}@${ref} works as version 4 here: an artifact can't be added to, and its name is taken once in a run.`)
}

function sayNothingFound(kit: Kit, path: string): void {
  const text = `No files were found with the provided path: ${path}. No artifacts will be uploaded.`
  switch (kit.input('if-no-files-found') || 'warn') {
    case 'warn':
      kit.warning(text)
      return
    case 'ignore':
      kit.info(text)
      return
    case 'error':
      throw new ActionFailure(text)
    default:
      throw new ActionFailure(`Unrecognized if-no-files-found input. Provided: ${kit.input('if-no-files-found')}. Available options: warn,error,ignore`)
  }
}

async function upload(kit: Kit, name: string, inputs: readonly ZipInput[]): Promise<void> {
  const problem = artifactNameProblem(name)
  if (problem !== undefined) throw new ActionFailure(`${problem}.`)
  const services = connectServices(kit.env)
  const level = numberOf(kit, 'compression-level', { fallback: 6, most: 9 })
  const days = numberOf(kit, 'retention-days', { fallback: 0, most: 10_000 })
  if (kit.input('overwrite') !== '' && kit.flag('overwrite')) await remove(services, name)
  const expires = days === 0 ? {} : { expires_at: new Date(Date.now() + days * day).toISOString() }
  const request = { ...services.ids, name, version: 7, mime_type: 'application/zip', ...expires }
  const created = await services.call('ArtifactService/CreateArtifact', request)
  const file = join(mkdtempSync(join(kit.temp, 'artifact-')), 'artifact.zip')
  await writeZip(file, inputs, level)
  const { size, digest } = await sendFile(String(created?.signed_upload_url), file)
  rmSync(dirname(file), { recursive: true, force: true })
  const done = await services.call('ArtifactService/FinalizeArtifact', { ...services.ids, name, size: String(size), hash: digest })
  const id = String(done?.artifact_id)
  const { GITHUB_API_URL: api = '', GITHUB_REPOSITORY: repository = '', GITHUB_RUN_NUMBER: number = '' } = kit.env
  const url = api.startsWith('/') ? '' : `${api.replace(/\/api\/v3$/, '')}/api/v1/projects/${repository}/runs/${number}/artifacts/${id}`
  kit.setOutput('artifact-id', id)
  kit.setOutput('artifact-digest', digest.replace('sha256:', ''))
  kit.setOutput('artifact-url', url)
  kit.info(`Artifact ${name} has been successfully uploaded! Final size is ${size} bytes. Artifact ID is ${id}`)
  if (url !== '') kit.info(`Artifact download URL: ${url}`)
}

function numberOf(kit: Kit, name: string, { fallback, most }: { fallback: number; most: number }): number {
  const text = kit.input(name)
  if (text === '') return fallback
  if (!/^\d+$/.test(text) || Number(text) > most) throw new ActionFailure(`${name} must be a number from 0 to ${most}, not "${text}".`)
  return Number(text)
}

async function remove(services: Services, name: string): Promise<void> {
  await services.call('ArtifactService/DeleteArtifact', { ...services.ids, name }, ['not_found'])
}

interface Listed {
  readonly id: string
  readonly name: string
  readonly digest: string
}

/** Where artifacts are listed and fetched from. */
interface ArtifactSource {
  /** The newest of each name. */
  list(): Promise<readonly Listed[]>
  link(artifact: Listed): Promise<string>
}

function newestOfEach(all: readonly Listed[]): readonly Listed[] {
  return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i)
}

function ownRun(kit: Kit): ArtifactSource {
  const services = connectServices(kit.env)
  return {
    async list() {
      const answer = (await services.call('ArtifactService/ListArtifacts', services.ids)) as { artifacts?: readonly Record<string, unknown>[] }
      return newestOfEach(
        (answer.artifacts ?? []).map(({ database_id: id, name, digest }) => ({ id: String(id), name: String(name), digest: String(digest ?? '') })),
      )
    },
    async link({ name }) {
      const signed = await services.call('ArtifactService/GetSignedArtifactURL', { ...services.ids, name })
      return String(signed?.signed_url)
    },
  }
}

function isOtherRun(kit: Kit): boolean {
  const { GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = kit.env
  const differs = (input: string, own: string | undefined) => kit.input(input) !== '' && kit.input(input) !== own
  return differs('repository', repository) || differs('run-id', run)
}

/** Another run, by the API of this server and the token that is given. */
function otherRun(kit: Kit): ArtifactSource {
  const { GITHUB_API_URL: api = '', GITHUB_REPOSITORY: own = '' } = kit.env
  const token = kit.input('github-token')
  const run = kit.required('run-id')
  if (token === '') throw new ActionFailure('Artifacts of another run need the input github-token.')
  if (!URL.canParse(api)) throw new ActionFailure('Artifacts of another run need a server: a local run has none.')
  const base = `${api}/repos/${kit.input('repository') || own}/actions`
  const ask = async (path: string) => {
    const answer = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${token}` }, redirect: 'manual' })
    if (answer.status >= 400) throw new ActionFailure(`The artifacts of run ${run} could not be read: ${answer.status}.`)
    return answer
  }
  return {
    async list() {
      const { artifacts } = (await (await ask(`/runs/${encodeURIComponent(run)}/artifacts?per_page=100`)).json()) as {
        artifacts: readonly Record<string, unknown>[]
      }
      return newestOfEach(artifacts.map(({ id, name, digest }) => ({ id: String(id), name: String(name), digest: String(digest ?? '') })))
    },
    async link({ id }) {
      const to = (await ask(`/artifacts/${id}/zip`)).headers.get('location')
      if (!to) throw new ActionFailure(`The server gives no address for the artifact ${id}.`)
      return to
    },
  }
}

export async function downloadArtifact(kit: Kit): Promise<void> {
  sayOldVersion(kit)
  const from = isOtherRun(kit) ? otherRun(kit) : ownRun(kit)
  const to = resolve(kit.workspace, kit.input('path').replace(/^~(?=\/|$)/, kit.home) || '.')
  const chosen = choose(kit, await from.list())
  const single = kit.input('name') !== '' || kit.flag('merge-multiple') || (kit.input('artifact-ids') !== '' && chosen.length === 1)
  for (const artifact of chosen) await fetchArtifact(kit, { from, artifact, to: single ? to : join(to, artifact.name) })
  kit.info(`Total of ${chosen.length} artifact(s) downloaded`)
  kit.setOutput('download-path', to)
}

function choose(kit: Kit, all: readonly Listed[]): readonly Listed[] {
  const name = kit.input('name')
  const ids = kit.input('artifact-ids')
  if (name !== '' && ids !== '') throw new ActionFailure("Inputs 'name' and 'artifact-ids' cannot be used together.")
  if (name !== '') {
    const found = all.filter((artifact) => artifact.name === name)
    if (found.length === 0) throw new ActionFailure(`Artifact not found for name: ${name}. There are: ${all.map((a) => a.name).join(', ') || 'none'}.`)
    return found
  }
  if (ids !== '') return ids.split(',').map((id) => byId(all, id.trim()))
  const pattern = kit.input('pattern')
  const chosen = pattern === '' ? all : all.filter((artifact) => globToRegExp(pattern).test(artifact.name))
  kit.info(pattern === '' ? `Found ${all.length} artifact(s)` : `Filtering artifacts by pattern '${pattern}': ${chosen.length} of ${all.length}`)
  return chosen
}

function byId(all: readonly Listed[], id: string): Listed {
  const found = all.find((artifact) => artifact.id === id)
  if (!found) throw new ActionFailure(`There is no artifact with the id ${JSON.stringify(id)} in this run.`)
  return found
}

async function fetchArtifact(kit: Kit, { from, artifact, to }: { from: ArtifactSource; artifact: Listed; to: string }): Promise<void> {
  const dir = mkdtempSync(join(kit.temp, 'artifact-'))
  const file = join(dir, 'artifact.zip')
  const digest = await fetchFile(await from.link(artifact), file)
  if (artifact.digest !== '' && digest !== artifact.digest)
    throw new ActionFailure(`Artifact ${artifact.name} has the digest ${digest}, and not ${artifact.digest}: it is damaged.`)
  mkdirSync(to, { recursive: true })
  const names = await unpackZip(file, to)
  rmSync(dir, { recursive: true, force: true })
  kit.info(`Artifact ${artifact.name}: ${names.length} file${names.length === 1 ? '' : 's'} to ${to}`)
}

export async function mergeArtifacts(kit: Kit): Promise<void> {
  const services = connectServices(kit.env)
  const name = kit.input('name') || 'merged-artifacts'
  const pattern = kit.input('pattern') || '*'
  const from = ownRun(kit)
  const found = (await from.list()).filter((artifact) => globToRegExp(pattern).test(artifact.name))
  if (found.length === 0) throw new ActionFailure(`No artifacts were found with the pattern '${pattern}'.`)
  const dir = mkdtempSync(join(kit.temp, 'merge-'))
  for (const artifact of found) await fetchArtifact(kit, { from, artifact, to: kit.flag('separate-directories') ? join(dir, artifact.name) : dir })
  await upload(
    kit,
    name,
    filesBelow(dir).map((file) => ({ file, name: relative(dir, file) })),
  )
  rmSync(dir, { recursive: true, force: true })
  if (kit.flag('delete-merged')) for (const artifact of found) await remove(services, artifact.name)
}

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir).flatMap((entry) => {
    const path = join(dir, entry)
    return statSync(path).isDirectory() ? filesBelow(path) : [path]
  })
}
