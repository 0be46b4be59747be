// docker/metadata-action: tags and labels from the event, as outputs, variables and bake files.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ImageMetadata, imageMetadata } from '@pushway/core/images/metadata.ts'
import { type MetadataFacts, MetadataProblem } from '@pushway/core/images/metadata-words.ts'
import { execProgram } from '../../util/exec.ts'
import { ActionFailure } from '../actions/types.ts'
import type { Kit } from './kit.ts'

export async function dockerMetadata(kit: Kit): Promise<void> {
  const event = readEvent(kit)
  const facts = await readFacts(kit, event)
  const made = make(kit, facts, event)
  for (const warning of made.warnings) kit.warning(warning)
  if (made.tagNames.length === 0) kit.warning('No Docker image version has been generated. Check tags input.')
  const list = (name: string, lines: readonly string[], separator: string) => {
    kit.info([`##[group]Docker ${name}`, ...lines, '##[endgroup]'].join('\n'))
    give(kit, name, lines.join(separator))
  }
  const labels = Object.entries(made.labels).map(([name, value]) => `${name}=${value}`)
  give(kit, 'version', made.version)
  list('tags', made.tags, separator(kit, 'sep-tags'))
  give(kit, 'tag-names', made.tagNames.join(separator(kit, 'sep-tags')))
  list('labels', labels, separator(kit, 'sep-labels'))
  list('annotations', made.annotations, separator(kit, 'sep-annotations'))
  give(kit, 'json', JSON.stringify({ tags: made.tags, 'tag-names': made.tagNames, labels: made.labels, annotations: made.annotations }))
  writeBakeFiles(kit, made)
}

function separator(kit: Kit, name: string): string {
  return (kit.input(name) || '\n').replaceAll('\\n', '\n')
}

function give(kit: Kit, name: string, value: string): void {
  kit.setOutput(name, value)
  kit.exportVariable(`DOCKER_METADATA_OUTPUT_${name.replaceAll('-', '_').toUpperCase()}`, value)
}

function make(kit: Kit, facts: MetadataFacts, event: Payload): ImageMetadata {
  const { GITHUB_REPOSITORY: repository = '', GITHUB_SERVER_URL: server = '' } = kit.env
  const about = event.repository ?? {}
  const input = {
    images: lines(kit, 'images'),
    tags: lines(kit, 'tags'),
    flavor: kit.lines('flavor'),
    labels: kit.lines('labels'),
    annotations: kit.lines('annotations'),
    repository: {
      name: about.name ?? repository.split('/')[1] ?? '',
      url: about.html_url ?? `${server}/${repository}`,
      description: about.description ?? '',
      license: about.license?.spdx_id ?? '',
    },
  }
  try {
    return imageMetadata(input, facts)
  } catch (error) {
    throw error instanceof MetadataProblem ? new ActionFailure(error.message) : error
  }
}

/** Lines without comments. */
function lines(kit: Kit, name: string): readonly string[] {
  return kit.lines(name).filter((line) => !line.startsWith('#'))
}

interface Payload {
  readonly repository?: {
    readonly name?: string
    readonly html_url?: string
    readonly description?: string | null
    readonly default_branch?: string
    readonly license?: { readonly spdx_id?: string } | null
  }
  readonly base_ref?: string | null
  readonly head_commit?: { readonly timestamp?: string } | null
}

function readEvent(kit: Kit): Payload {
  try {
    return JSON.parse(readFileSync(kit.env.GITHUB_EVENT_PATH ?? '', 'utf8')) as Payload
  } catch {
    return {}
  }
}

/** `context: git` takes ref and commit from the checkout instead of the event. */
async function readFacts(kit: Kit, event: Payload): Promise<MetadataFacts> {
  const { GITHUB_EVENT_NAME: name = '', GITHUB_BASE_REF: base = '' } = kit.env
  const context = kit.input('context') || 'workflow'
  if (context !== 'workflow' && context !== 'git') throw new ActionFailure(`context must be workflow or git, not "${context}".`)
  const git = async (...args: string[]) => (await execProgram(['git', '-C', kit.workspace, ...args])).stdout.trim()
  const fromGit = context === 'git'
  const sha = fromGit ? await git('rev-parse', 'HEAD') : (kit.env.GITHUB_SHA ?? '')
  const tag = fromGit ? await git('describe', '--tags', '--exact-match') : ''
  const ref = fromGit ? (tag ? `refs/tags/${tag}` : await git('symbolic-ref', '--quiet', 'HEAD')) : (kit.env.GITHUB_REF ?? '')
  const stamp = Date.parse(event.head_commit?.timestamp ?? '')
  const seconds = Number.isNaN(stamp) ? Number(await git('log', '-1', '--format=%ct', sha)) : stamp / 1000
  return {
    ...{ event: name, ref, sha, now: Date.now(), commitAt: (seconds || Date.now() / 1000) * 1000 },
    defaultBranch: event.repository?.default_branch ?? 'main',
    baseRef: base || (event.base_ref ?? ''),
  }
}

function writeBakeFiles(kit: Kit, made: ImageMetadata): void {
  const target = kit.input('bake-target') || 'docker-metadata-action'
  const dir = mkdtempSync(join(kit.temp, 'docker-metadata-'))
  const images = [...new Set(made.tags.map((tag) => tag.slice(0, tag.lastIndexOf(':'))))].join(',')
  const parts = {
    tags: { tags: made.tags, args: { DOCKER_META_IMAGES: images, DOCKER_META_VERSION: made.version } },
    labels: { labels: made.labels },
    annotations: { annotations: made.annotations },
  }
  for (const [name, value] of Object.entries(parts)) {
    const file = join(dir, `docker-metadata-action-bake-${name}.json`)
    writeFileSync(file, JSON.stringify({ target: { [target]: value } }, null, 2))
    give(kit, `bake-file-${name}`, file)
  }
  const file = join(dir, 'docker-metadata-action-bake.json')
  writeFileSync(file, JSON.stringify({ target: { [target]: { ...parts.tags, ...parts.labels } } }, null, 2))
  give(kit, 'bake-file', file)
}
