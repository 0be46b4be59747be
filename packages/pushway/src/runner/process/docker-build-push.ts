// docker/build-push-action over the `docker` command of the job: the embedded builder, or the engine where there is one.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ActionFailure } from '../actions/types.ts'
import type { Kit } from './kit.ts'

/** Inputs that the build could only ignore; a value that asks for nothing is fine. */
const withoutEffect: Readonly<Record<string, RegExp>> = {
  'cache-from': /^$/,
  'cache-to': /^$/,
  provenance: /^(false)?$/,
  sbom: /^(false)?$/,
  builder: /^(default|pushway)?$/,
}

export async function buildAndPush(kit: Kit): Promise<void> {
  const tags = listOf(kit, 'tags')
  const push = kit.flag('push')
  if (push && tags.length === 0) throw new ActionFailure('tag is needed when pushing to registry: give the input tags.')
  checkPlatforms(kit)
  for (const [name, harmless] of Object.entries(withoutEffect)) {
    const value = kit.input(name).replaceAll('\n', ' ')
    if (!harmless.test(value))
      kit.warning(`${name}: ${value} has no effect here: ${name.startsWith('cache') ? 'layers are kept on this machine by themselves.' : 'it is not made.'}`)
  }
  const dir = mkdtempSync(join(kit.temp, 'docker-build-'))
  const idFile = join(dir, 'iidfile')
  await docker(['build', '--iidfile', idFile, ...buildArguments(kit, { tags, dir })])
  const imageId = readFileSync(idFile, 'utf8').trim()
  let digest = ''
  for (const tag of push ? tags : []) digest = /digest: (sha256:[0-9a-f]{64})/.exec(await docker(['push', tag]))?.[1] ?? digest
  kit.setOutput('imageid', imageId)
  kit.setOutput('digest', digest || imageId)
  const metadata = { 'containerimage.config.digest': imageId, 'containerimage.digest': digest || imageId, 'image.name': tags.join(',') }
  kit.setOutput('metadata', JSON.stringify(metadata))
  kit.info(`ImageID ${imageId}\nDigest ${digest || imageId}`)
}

/** Entries one to a line, or separated by commas. */
function listOf(kit: Kit, name: string): readonly string[] {
  return kit
    .input(name)
    .split(/[\n,]/)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

const machine = process.arch === 'x64' ? 'linux/amd64' : `linux/${process.arch}`

function checkPlatforms(kit: Kit): void {
  const foreign = listOf(kit, 'platforms').filter((platform) => platform !== machine && platform !== `${machine}/v8`)
  if (foreign.length > 0) throw new ActionFailure(`platforms: ${foreign.join(', ')}: this machine builds ${machine} only.`)
}

function buildArguments(kit: Kit, { tags, dir }: { tags: readonly string[]; dir: string }): readonly string[] {
  const context = kit.input('context') || '.'
  if (/^(https?|git|ssh):|^\{\{|^-$/.test(context))
    throw new ActionFailure(`context: ${context}: only a folder of the workspace can be built. Check it out, and name it: context: .`)
  const each = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value])
  const one = (flag: string, value: string) => (value === '' ? [] : [flag, value])
  return [
    ...one('--file', kit.input('file')),
    ...one('--target', kit.input('target')),
    ...each('--tag', tags),
    ...each('--label', kit.lines('labels')),
    ...each('--build-arg', kit.lines('build-args')),
    ...each('--secret', secrets(kit, dir)),
    ...(kit.flag('no-cache') ? ['--no-cache'] : []),
    ...(kit.flag('pull') ? ['--pull'] : []),
    context,
  ]
}

/** Secrets go by files, never by arguments. */
function secrets(kit: Kit, dir: string): readonly string[] {
  const given = kit.lines('secrets').map((line, i) => {
    const at = line.indexOf('=')
    if (at < 1) throw new ActionFailure('An entry of secrets is not written as id=value.')
    const file = join(dir, `secret-${i}`)
    writeFileSync(file, line.slice(at + 1), { mode: 0o600 })
    return `id=${line.slice(0, at)},src=${file}`
  })
  const files = kit.lines('secret-files').map((line) => {
    const [id, file] = line.split('=')
    if (!id || !file) throw new ActionFailure(`secret-files: ${line}: write it as id=path.`)
    return `id=${id},src=${file}`
  })
  return [...given, ...files]
}

/** Shows what it says as it comes, and gives it back. @throws ActionFailure when it fails */
function docker(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const said: string[] = []
    child.stdout.on('data', (chunk: Buffer) => {
      said.push(chunk.toString('utf8'))
      process.stdout.write(chunk)
    })
    child.once('error', (error) => reject(new ActionFailure(`docker could not be started: ${error.message}.`)))
    child.once('close', (exit) => (exit === 0 ? resolve(said.join('')) : reject(new ActionFailure(`docker ${args[0]} ended with exit code ${exit}.`))))
  })
}
