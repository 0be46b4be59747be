// pushway image: what the registry has of a project, what it is kept for, what may go.

import type { DamagedBlob, GarbageReport, ImageDetails, ImageEntry, ImagePolicy, ImagePushEntry, ImageUse, ScrubReport } from '@pushway/core/images/types.ts'
import { describeUse } from '@pushway/core/images/uses.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { shortDigest } from '@pushway/core/text/ids.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { connect, connectProject, type ProjectOptions, type ServerOptions, withProject, withServer } from '../connection.ts'
import { formatBytes } from '../format.ts'
import { note, type OutputFormat, printList, printOne, type Shape, withOutput } from '../output.ts'
import { indent, renderFields } from '../table.ts'
import { registerMirror } from './image-mirror.ts'

interface Options extends ProjectOptions {
  readonly output: OutputFormat
}

/** Adds `pushway image`. */
export function register(program: Command, { exit }: Pick<CommandContext, 'exit'>): void {
  const image = program
    .command('image')
    .summary('what the registry has: ls, inspect, history, sbom, key, rm, gc, scrub, policy, mirror')
    .description('Images of a project in the registry. What an environment runs, or may go back to, is never removed.')
  const withReference = (command: Command) => command.argument('<image>', 'a tag, a digest or its beginning, REPOSITORY:TAG or REPOSITORY@DIGEST')
  withOutput(
    withProject(
      image.command('ls').description('Images with their sizes and where they run.').option('-a, --all', 'also signatures, bills of materials and their like'),
    ),
  ).action(list)
  withOutput(withProject(withReference(image.command('inspect').description('One image: its parts, what speaks of it, where it runs.')))).action(inspect)
  withOutput(
    withProject(
      image
        .command('history')
        .description('What was pushed when; of one image or tag, what it has meant.')
        .argument('[image]', 'a tag, a digest or its beginning; every image when absent'),
    ),
  ).action(history)
  withProject(withReference(image.command('sbom').description('Prints the bill of materials of an image, SPDX 2.3 in JSON, whose signature holds.'))).action(
    bill,
  )
  withOutput(
    withProject(
      image
        .command('key')
        .description("Prints the project's public key, with which cosign and others verify its images.")
        .option('--rotate', 'make a new key first; what the old ones signed stays proven'),
    ),
  ).action(key)
  withProject(withReference(image.command('rm').description('Deletes a tag, or an image by digest. Refused while an environment needs it.'))).action(remove)
  withOutput(
    withServer(
      image
        .command('gc')
        .description('Removes what nothing needs and is a day old, on the whole server.')
        .option('--dry-run', 'only say what would be removed'),
    ),
  ).action(collect)
  withOutput(
    withServer(
      image
        .command('scrub')
        .description('Reads everything that is stored and names what is damaged or missing; the exit code is 1 then.')
        .option('--repair', 'take damaged bytes away, so that the next push of the image stores them again'),
    ),
  ).action(async (options: ScrubOptions) => exit(await scrub(options)))
  withOutput(
    withProject(
      image
        .command('policy')
        .description("The project's rules; with options, changes them.")
        .option('--keep <n>', 'how many releases of each environment stay ready for a rollback', parseKeep)
        .option('--anonymous-pull <yes|no>', 'whether everyone may pull without signing in', parseYesNo),
    ),
  ).action(policy)
  registerMirror(image)
}

const shape: Shape<ImageEntry> = {
  name: ({ repository, digest }) => `image/${repository}@${digest}`,
  none: 'The project has no images.',
  columns: [
    { title: 'REPOSITORY', text: ({ repository }) => repository },
    { title: 'TAGS', text: ({ tags }) => tags.join(',') },
    { title: 'DIGEST', text: ({ digest }) => shortDigest(digest) },
    { title: 'SIZE', text: ({ size }) => formatBytes(size) },
    { title: 'OWN', text: ({ own }) => formatBytes(own) },
    { title: 'SIGNED', text: ({ evidenceState, subject }) => (subject ? '' : sayEvidence(evidenceState)) },
    { title: 'USED', text: ({ uses }) => sayUses(uses) },
    { title: 'SEEN', text: ({ seenAt }, screen) => screen.when(seenAt) },
    { title: 'TYPE', text: ({ mediaType }) => mediaType, wide: true },
  ],
}

const pushShape: Shape<ImagePushEntry> = {
  name: ({ repository, digest }) => `image/${repository}@${digest}`,
  none: 'Nothing was pushed.',
  columns: [
    { title: 'PUSHED', text: ({ at }, screen) => screen.when(at) },
    { title: 'REPOSITORY', text: ({ repository }) => repository },
    { title: 'TAG', text: ({ tag }) => tag },
    { title: 'DIGEST', text: ({ digest }) => shortDigest(digest) },
    { title: 'THERE', text: ({ stored }) => (stored ? 'yes' : 'no') },
    { title: 'USED', text: ({ uses }) => sayUses(uses) },
  ],
}

function sayEvidence(state: ImageEntry['evidenceState']): string {
  return state === 'made' ? 'yes' : state === 'failed' ? 'failed' : ''
}

/** What is proven, each with the key that says so. */
function describeEvidence({ evidence }: ImageDetails): readonly (readonly [string, string | undefined])[] {
  if (!evidence) return []
  const { signed, provenance, sbom, problems } = evidence
  return [
    ['Signed', signed ? `yes, by key ${signed.key.slice(0, 12)}` : 'no'],
    ['Provenance', provenance ? `${provenance.workflow} at ${provenance.commit.slice(0, 7)} of ${provenance.ref}` : 'none'],
    ['Contents', sbom ? `${sbom.packages} packages: pushway image sbom` : 'not listed'],
    ...problems.map((problem): readonly [string, string] => ['Problem', problem]),
  ]
}

function sayUses(uses: readonly ImageUse[]): string {
  return [...new Set(uses.map(describeUse))].join(', ')
}

function parseKeep(text: string): number {
  if (/^[1-9]\d{0,2}$|^1000$/.test(text)) return Number(text)
  throw fail('usage', { problem: `"${text}" is no number of releases from 1 to 1000.`, hint: 'Write --keep 10.' })
}

function parseYesNo(text: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes'
  throw fail('usage', { problem: `"${text}" is neither yes nor no.`, hint: 'Write --anonymous-pull yes.' })
}

async function list(options: Options & { readonly all?: boolean }): Promise<void> {
  const { client, project } = await connectProject(options)
  const entries = await client.registryImages(project)
  await printList(options.all ? entries : entries.filter(({ subject }) => subject === undefined), options.output, shape)
}

async function inspect(reference: string, options: Options): Promise<void> {
  const { client, project } = await connectProject(options)
  const image = await client.inspectImage(project, reference)
  await printOne(image, options.output, { name: shape.name(image), describe: describeImage })
}

function describeImage(image: ImageDetails): string {
  const fields = renderFields([
    ['Image', `${image.repository}@${image.digest}`],
    ['Tags', image.tags.join(', ')],
    ['Type', image.mediaType],
    ['Size', `${formatBytes(image.size)}, ${formatBytes(image.own)} of it its own`],
    ['Speaks of', image.subject],
    ['From', image.mirror && sayMirror(image.mirror)],
    ['Used', sayUses(image.uses) || 'nowhere'],
    ['Made from', image.config && `${image.config.base === 'host' ? "the machine's own userland" : 'an image'}, for ${image.config.platform}`],
    ...describeEvidence(image),
  ])
  const parts = image.parts.map((part) => `${part.digest}  ${formatBytes(part.size)}${part.stored ? '' : '  (missing)'}`)
  const referrers = image.referrers.map((one) => `${one.digest}  ${one.artifactType ?? ''}`.trimEnd())
  const block = (title: string, lines: readonly string[]) => (lines.length === 0 ? [] : [`${title}:`, indent(lines.join('\n'))])
  return [fields, ...block('Parts', parts), ...block('Referrers', referrers)].join('\n')
}

async function bill(reference: string, options: ProjectOptions): Promise<void> {
  const { client, project } = await connectProject(options)
  process.stdout.write(`${JSON.stringify(await client.imageBill(project, reference), null, 2)}\n`)
}

async function key(options: Options & { readonly rotate?: boolean }): Promise<void> {
  const { client, project } = await connectProject(options)
  const keys = options.rotate ? await client.rotateSigningKey(project) : await client.signingKeys(project)
  const [current] = keys
  // Only the key on standard output, so that it can be written to a file.
  await printOne(options.output === 'json' || options.output === 'yaml' ? keys : (current ?? keys), options.output, {
    name: `key/${current?.id ?? ''}`,
    describe: () => (current?.pem ?? '').trimEnd(),
  })
  if (keys.length > 1 && options.output === 'table') note(`${keys.length - 1} earlier keys still verify what they signed: -o json shows them.`)
}

function sayMirror({ host, url, checkedAt }: NonNullable<ImageDetails['mirror']>): string {
  return `${host} (${url})${checkedAt === undefined ? '' : `, asked for the tag ${new Date(checkedAt).toISOString()}`}`
}

async function history(reference: string | undefined, options: Options): Promise<void> {
  const { client, project } = await connectProject(options)
  await printList(await client.imageHistory(project, reference), options.output, pushShape)
}

async function remove(reference: string, options: ProjectOptions): Promise<void> {
  const { client, project } = await connectProject(options)
  const { repository, digest, tags } = await client.removeImage(project, reference)
  note(`${repository}@${shortDigest(digest)}${tags.length > 0 ? ` (${tags.join(', ')})` : ''} was deleted; its bytes go with the next garbage collection.`)
}

async function collect(options: ServerOptions & { readonly output: OutputFormat; readonly dryRun?: boolean }): Promise<void> {
  const report = await connect(options).client.collectImages(options.dryRun === true)
  await printOne(report, options.output, { name: 'gc', describe: describeReport })
}

function describeReport(report: GarbageReport): string {
  const would = report.dryRun ? 'Would remove' : 'Removed'
  const trees = report.trees > 0 ? ` ${report.trees} unpacked.` : ''
  return [
    ...report.manifests.map(({ repository, digest }) => `${repository}@${shortDigest(digest)}`),
    `${would} ${report.manifests.length} images and ${report.blobs} blobs (${formatBytes(report.bytes)}); ${report.kept} images stay.${trees}`,
    ...report.unreadable.map(({ repository, digest }) => `${repository}@${digest} can't be read: no blob is removed until it is pushed again or deleted.`),
  ].join('\n')
}

type ScrubOptions = ServerOptions & { readonly output: OutputFormat; readonly repair?: boolean }

/** Gives the exit code. */
async function scrub(options: ScrubOptions): Promise<number> {
  const report = await connect(options).client.scrubImages(options.repair === true)
  await printOne(report, options.output, { name: 'scrub', describe: describeScrub })
  return report.damaged.length + report.missing.length === 0 ? 0 : 1
}

function describeScrub({ checked, bytes, repaired, damaged, missing }: ScrubReport): string {
  const line = (what: string, { digest, images, uses }: DamagedBlob) =>
    `${digest} is ${what}: ${images.length > 0 ? `part of ${images.join(', ')}` : 'no image needs it'}${uses.length > 0 ? `, ${uses.join(', ')}` : ''}`
  return [
    ...damaged.map((blob) => line('damaged', blob)),
    ...missing.map((blob) => line('missing', blob)),
    `${checked} blobs (${formatBytes(bytes)}) were read: ${damaged.length} damaged, ${missing.length} missing.`,
    ...(repaired > 0 ? [`${repaired} were taken away: push the images again.`] : []),
  ].join('\n')
}

async function policy(options: Options & { readonly keep?: number; readonly anonymousPull?: boolean }): Promise<void> {
  const { client, project } = await connectProject(options)
  const { keep, anonymousPull } = options
  const change = { ...(keep === undefined ? {} : { keepReleases: keep }), ...(anonymousPull === undefined ? {} : { anonymousPull }) }
  const now = Object.keys(change).length === 0 ? await client.imagePolicy(project) : await client.setImagePolicy(project, change)
  await printOne(now, options.output, { name: `policy/${project}`, describe: describePolicy })
}

function describePolicy(now: ImagePolicy): string {
  return renderFields([
    ['Kept for a rollback', `the last ${now.keepReleases} releases of each environment`],
    ['Pulled by', now.anonymousPull ? 'everyone' : 'members of the project'],
  ])
}
