// The story of the demo: a first release, a better one by canary under load, and a bad one that goes back by itself.

import { join } from 'node:path'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import type { DeploymentView } from '@pushway/core/views/types.ts'
import { formatDuration, formatShare } from '../format.ts'
import type { Repository } from './git.ts'
import type { Progress, Station } from './progress.ts'
import { type DemoReport, readBadRollout } from './report.ts'
import { findRun, followDeployment, followRun, jobOf, type Look, mustSucceed, sayJobs, versionAt, waitFor, whenAnswers } from './stations.ts'
import { ratePerSecond, startTraffic, type Traffic } from './traffic.ts'
import { type People, project } from './world.ts'

/** What the story is told with. */
export interface Demo {
  readonly progress: Progress
  readonly people: People
  readonly repository: Repository
  /** Only what each station came to, without the steps. */
  readonly brief?: boolean
  /** The folder of the changes to the example. */
  readonly changes: string
  readonly staging: string
  readonly production: string
  readonly signal: AbortSignal
}

interface Staged {
  readonly digest: string
  readonly pushToStagingMs: number
}

interface Pushed {
  readonly commit: string
  readonly pushedAt: number
}

interface Asked {
  readonly deployment: string
  readonly pushedAt: number
}

/** Tells it all; gives what was measured. Throws at the first thing that is not as promised. */
export async function tellStory(demo: Demo): Promise<DemoReport> {
  const { progress, people } = demo
  const first = await firstRelease(demo)
  const better = await betterRelease(demo)
  const { traffic, digest } = better
  progress.chapter('3. A bad version, which no test sees')
  const brief: Demo = { ...demo, brief: true }
  const bad = await toStaging(brief, '1.2.0', better.next)
  const asked = await toApproval(brief, '1.2.0')
  await approve(brief, asked.deployment, { why: 'All checks passed.' })
  const fate = await takenBack(brief, asked.deployment, traffic)
  await goesOn(brief, traffic, digest)
  await traffic.stop()
  return {
    pushToStagingMs: first.pushToStagingMs,
    pushToProductionMs: better.pushToProductionMs,
    ...measure(fate, traffic),
    digests: { staging: better.stagingDigest, production: digest, bad: bad.digest },
    timeline: [...(await people.ada.timeline({ project, limit: 1000 }))].reverse(),
  }
}

/** Version 1.0.0 is pushed, verified in staging, and promoted to the empty production: nothing is built again. */
async function firstRelease(demo: Demo): Promise<Staged> {
  const { progress, people } = demo
  progress.chapter('1. The first version: from git push to staging, promoted to production by its digest')
  const staged = await toStaging(demo, '1.0.0')
  const deployment = await progress.station('ada promotes what staging verified', async (station) => {
    const { id } = await people.ada.promote(project, 'staging', 'production')
    station.result('production is empty: all of it goes there at once')
    return id
  })
  await approve(demo, deployment, { why: 'Tested, and verified in staging.', refuseAda: true })
  await inProduction(demo, deployment, { version: '1.0.0' })
  return staged
}

/** Version 1.1.0 goes through main to production by canary, under load; meanwhile ada pushes the next change. */
async function betterRelease(demo: Demo) {
  const { progress, repository, changes } = demo
  progress.chapter('2. A better version: merged to main, canary under live load')
  await repository.change(join(changes, 'better'), 'Give 10 % off on ten or more of one thing')
  const staged = await toStaging({ ...demo, brief: true }, '1.1.0')
  const asked = await toApproval(demo, '1.1.0')
  const traffic = startTraffic(demo.production, demo.signal)
  progress.line(`Users come to ${demo.production}: ${ratePerSecond} requests a second, from now to the end.`)
  await approve(demo, asked.deployment, { why: 'The digest in staging is this one.' })
  await repository.change(join(changes, 'bad'), 'End each greeting with a phrase')
  const next = await push({ ...demo, brief: true }, 'develop', 'meanwhile ada pushes 1.2.0 to develop')
  const live = await inProduction(demo, asked.deployment, { version: '1.1.0', traffic })
  const digest = digestOf(live)
  if (digest !== staged.digest) throw new Error(`production runs ${digest}, and staging verified ${staged.digest}`)
  return { traffic, digest, stagingDigest: staged.digest, next, pushToProductionMs: (live.finishedAt ?? Date.now()) - asked.pushedAt }
}

/** develop is pushed; its run tests, builds and deploys to staging, where the end-to-end check speaks for it. */
async function toStaging(demo: Demo, version: string, pushed?: Pushed): Promise<Staged> {
  const { progress, people, signal } = demo
  const answers = whenAnswers(demo.staging, version, signal)
  // What fails first is told; this one then ends by the signal or its own time.
  answers.catch(() => undefined)
  const { commit, pushedAt } = pushed ?? (await push(demo, 'develop', `ada pushes ${version} to develop`))
  const run = await progress.station('run: test, build, deploy-staging', async (station) => {
    const look = lookFor(demo, station)
    const number = await findRun(look, { branch: 'develop', commit })
    const view = await followRun(look, number, (seen) => jobOf(seen, 'deploy-staging')?.deployment !== undefined)
    station.result(`#${number}: ${sayJobs(view)}`)
    return view
  })
  const digest = await progress.station('image in the embedded registry', async (station) => {
    const image = await waitFor('the image of the run', async () => (await people.ada.images(project)).find((one) => one.run === run.id), { signal })
    station.result(`${image.repository}@${image.digest}`)
    return image.digest
  })
  await verifyInStaging(demo, jobOf(run, 'deploy-staging')?.deployment ?? '', { digest, version })
  return { digest, pushToStagingMs: (await answers) - pushedAt }
}

async function verifyInStaging(demo: Demo, id: string, { digest, version }: { digest: string; version: string }): Promise<void> {
  const shown = new Set<number>()
  await demo.progress.station('staging', async (station) => {
    const isVerifying = ({ rollout }: DeploymentView) => rollout?.steps.some((step) => step.state === 'active' && step.text.includes('end-to-end')) === true
    mustSucceed(await followDeployment(lookFor(demo, station), id, { reached: isVerifying, shown }))
    station.result(demo.staging)
  })
  await demo.progress.station('end-to-end check in staging', async (station) => {
    const view = mustSucceed(await followDeployment(lookFor(demo, station), id, { shown }))
    if (digestOf(view) !== digest) throw new Error(`staging runs ${digestOf(view)}, and the run pushed ${digest}`)
    station.result(`passed: ${version} is verified there`)
  })
}

function lookFor({ people, signal, brief }: Demo, station: Station): Look {
  return { client: people.ada, station, signal, brief }
}

async function push({ progress, repository, brief }: Demo, branch: string, name: string): Promise<Pushed> {
  return progress.station(name, async (station) => {
    const pushedAt = Date.now()
    const commit = await repository.push(branch, (line) => (brief ? station.now(line) : station.line(line)))
    station.result(commit.slice(0, 7))
    return { commit, pushedAt }
  })
}

/** develop is merged into main and pushed; its run stops before production, where an approval is asked. */
async function toApproval(demo: Demo, version: string): Promise<Asked> {
  const { progress, repository } = demo
  await repository.merge(`Release ${version}`)
  const { commit, pushedAt } = await push(demo, 'main', 'ada merges develop into main and pushes')
  return progress.station('run: test, build; the same tree gives the same digest', async (station) => {
    const look = lookFor(demo, station)
    const number = await findRun(look, { branch: 'main', commit })
    const run = await followRun(look, number, (seen) => jobOf(seen, 'deploy-prod')?.deployment !== undefined)
    station.result(`#${number}: ${sayJobs(run)}, deploy-prod waits for an approval`)
    return { deployment: jobOf(run, 'deploy-prod')?.deployment ?? '', pushedAt }
  })
}

interface Decision {
  readonly why: string
  /** Whether ada tries it herself before. */
  readonly refuseAda?: boolean
}

/** grace looks at what would happen and approves exactly that. */
async function approve(demo: Demo, deployment: string, { why, refuseAda = false }: Decision): Promise<void> {
  const { progress, people, signal } = demo
  await progress.station('approval', async (station) => {
    const open = async () => {
      const view = mustSucceed(await people.grace.deployment(deployment))
      return view.approval?.state === 'open' ? view : undefined
    }
    const view = await waitFor('the question for an approval', open, { signal })
    if (refuseAda) station.line(`ada tries it herself: ${await refusalOf(people.ada.approve(deployment, { why: 'It is mine.' }))}`)
    station.line('grace, the second user of this demo, looks at it (on the page: Approve; here: POST /api/v1/deployments/ID/approve):')
    for (const { service, field, before, after } of view.changes) station.line(`  ${service} ${field}: ${before ?? '(nothing)'} → ${after ?? '(nothing)'}`)
    station.line(`  ${view.evidence.map(({ ok, text }) => `${ok ? '✓' : '✗'} ${text}`).join(' · ')}`)
    const contentDigest = view.approval?.contentDigest
    await people.grace.approve(deployment, { why, ...(contentDigest ? { contentDigest } : {}) })
    station.result(`given by grace for content ${contentDigest?.slice(0, 19)}: “${why}”`)
  })
}

async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (error instanceof PushwayError) return error.message
    throw error
  }
  throw new Error('ada could approve her own release')
}

/** The rollout in production to its good end. */
async function inProduction(demo: Demo, id: string, { version, traffic }: { version: string; traffic?: Traffic }): Promise<DeploymentView> {
  const { progress, people, signal } = demo
  return progress.station(traffic ? 'production: canary 10 → 50 → 100 %' : 'production', async (station) => {
    const detail = (view: DeploymentView) => (traffic ? rolloutNumbers(view, traffic) : '')
    const view = mustSucceed(await followDeployment({ client: people.ada, station, signal }, id, { detail }))
    const answered = await versionAt(demo.production, signal)
    if (answered !== version) throw new Error(`production answers as version ${answered}, not ${version}`)
    if (traffic && traffic.failed() > 0) throw new Error(`${traffic.failed()} of ${traffic.total()} requests failed during the canary`)
    station.result(`${version} serves all traffic${traffic ? `, ${traffic.failed()} of ${traffic.total()} requests failed` : ` at ${demo.production}`}`)
    return view
  })
}

function rolloutNumbers({ rollout }: DeploymentView, traffic: Traffic): string {
  const { percent = 0, fresh } = rollout ?? {}
  const seen = fresh ? `, new side ${fresh.requests} requests, ${fresh.errors} errors, p95 ${Math.round(fresh.p95Ms)} ms` : ''
  return `at ${percent} %${seen}; in all ${traffic.total()}, ${traffic.failed()} failed`
}

/** The bad release gets its share of the traffic, is caught and taken back. */
async function takenBack(demo: Demo, id: string, traffic: Traffic) {
  const { progress, people, signal } = demo
  return progress.station('production: the bad release, at 10 %', async (station) => {
    const view = await followDeployment({ client: people.ada, station, signal }, id, { detail: (seen) => rolloutNumbers(seen, traffic) })
    if (view.conclusion === 'success') throw new Error('the bad release was not caught')
    station.line(`✗ ${view.why.sentence}`, 'yellow')
    const rollout = readBadRollout(await people.ada.explain(id))
    if (rollout.shares > 1) throw new Error('the bad release was caught, but not at 10 %')
    const firstBadAt = traffic.firstFailure(rollout.whole.from)
    if (firstBadAt === undefined) throw new Error('the bad release was taken back without a bad answer')
    station.result(`caught ${formatDuration(rollout.detectedAt - firstBadAt)} after the first bad answer, rolled back by itself`)
    return { rollout, firstBadAt }
  })
}

type Fate = Awaited<ReturnType<typeof takenBack>>

function measure({ rollout, firstBadAt }: Fate, traffic: Traffic): Pick<DemoReport, 'requests' | 'bad'> {
  const requests = traffic.outside(rollout.whole)
  if (requests.failed > 0) throw new Error(`${requests.failed} of ${requests.total} requests failed while no bad release was there`)
  const failedShare = traffic.within(rollout.whole).failed / Math.max(1, traffic.within(rollout.weighted).total)
  const bad = { detectedMs: Math.max(0, rollout.detectedAt - firstBadAt), rolledBackMs: Math.max(0, rollout.rolledBackAt - firstBadAt), failedShare }
  if (failedShare > 0.1) throw new Error(`${formatShare(failedShare)} of the requests failed while the bad release had traffic`)
  if (bad.rolledBackMs > 30_000) throw new Error(`the way back took ${formatDuration(bad.rolledBackMs)}`)
  return { requests, bad }
}

/** Production answers with the release before, and without a mistake. */
async function goesOn(demo: Demo, traffic: Traffic, digest: string): Promise<void> {
  const { progress, people, signal } = demo
  await progress.station('production goes on', async (station) => {
    const { release } = await people.ada.environment(project, 'production')
    if (release?.services[0]?.digest !== digest) throw new Error(`production says it runs ${release?.services[0]?.digest}, not ${digest}`)
    const [from, failed] = [traffic.total(), traffic.failed()]
    await waitFor('300 more requests', async () => (traffic.total() - from >= 300 ? true : undefined), { signal })
    if (traffic.failed() > failed) throw new Error(`${traffic.failed() - failed} requests failed after the way back`)
    station.result(`version ${await versionAt(demo.production, signal)} answers, ${traffic.total() - from} more requests, 0 failed`)
  })
}

function digestOf({ release }: DeploymentView): string {
  return release?.services[0]?.digest ?? 'nothing'
}
