// The Runtime contract: what every driver must do. A driver's test calls it with a way to make apps that behave as their names say.

import type { PushwayError } from '@pushway/core/reason/errors.ts'
import { groupId } from '@pushway/core/text/ids.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GroupSpec, GroupStatus, InstanceLogLine, Runtime } from '../../packages/pushway/src/ports/runtime.ts'

/** `good`: an HTTP service on its port that writes `started`. `crashes`: ends 150 ms after each start. `never-ready`: runs, but answers 503. */
export type ContractApp = 'good' | 'crashes' | 'exits' | 'never-ready' | 'slow-to-stop'

/** One driver to test; apps are images that it can run. */
export interface RuntimeHarness {
  readonly runtime: Runtime
  image(app: ContractApp): GroupSpec['image']
  /** The engine starts what ended again at once, without a pause, and does not tell how it ended: Podman. */
  readonly restartsAtOnce?: boolean
  close(): Promise<void>
}

const never = new AbortController().signal
let count = 0

/** A spec of an app, in an environment of its own unless `over` says otherwise. */
export function contractSpec(harness: Pick<RuntimeHarness, 'image'>, app: ContractApp, over: Partial<GroupSpec> = {}): GroupSpec {
  count++
  const environment = over.environment ?? `acme/app${count}/staging`
  const [service, release] = [over.service ?? 'web', over.release ?? `r${count}`]
  return {
    id: groupId(environment, service, release),
    environment,
    service,
    release,
    image: harness.image(app),
    env: {},
    ports: [{ target: 3000, protocol: 'http' }],
    ready: { check: { kind: 'http', port: 3000, path: '/ready' }, intervalMs: 1000, timeoutMs: 1000, retries: 3, startPeriodMs: 0 },
    stopGraceMs: 1000,
    services: {},
    ...over,
  }
}

/** The group as it is now; undefined when it is gone. */
export async function groupNow(runtime: Runtime, spec: Pick<GroupSpec, 'id' | 'environment'>): Promise<GroupStatus | undefined> {
  return (await runtime.observe(spec.environment, never)).find((group) => group.id === spec.id)
}

/** Looks until `what` holds; fails with what was seen last. */
export async function until(
  runtime: Runtime,
  spec: Pick<GroupSpec, 'id' | 'environment'>,
  what: (group: GroupStatus | undefined) => boolean,
): Promise<GroupStatus | undefined> {
  for (const end = Date.now() + 15_000; ; ) {
    const group = await groupNow(runtime, spec)
    if (what(group)) return group
    if (Date.now() > end) throw new Error(`it did not come to that: ${JSON.stringify(group)}`)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}

/** Makes the group and waits until every instance is ready. */
export async function makeReady(runtime: Runtime, spec: GroupSpec, replicas: number): Promise<GroupStatus> {
  await runtime.ensureGroup(spec, replicas, never)
  return (await until(runtime, spec, (g) => g?.ready === replicas && g.total === replicas)) as GroupStatus
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: PushwayError) => error.code,
  )
}

export async function collect(lines: AsyncIterable<InstanceLogLine>): Promise<readonly InstanceLogLine[]> {
  const all: InstanceLogLine[] = []
  for await (const line of lines) all.push(line)
  return all
}

/** Runs the suite on one driver. */
export function runtimeContract(driver: string, make: () => Promise<RuntimeHarness>): void {
  describe(`runtime contract: ${driver}`, () => {
    let harness: RuntimeHarness
    let runtime: Runtime
    const specOf = (app: ContractApp, over: Partial<GroupSpec> = {}) => contractSpec(harness, app, over)

    beforeAll(async () => {
      harness = await make()
      runtime = harness.runtime
    })
    afterAll(() => harness.close())

    groupTests(() => runtime, specOf)
    failureTests(
      () => runtime,
      specOf,
      () => harness.restartsAtOnce === true,
    )
    logTests(() => runtime, specOf)
  })
}

type SpecOf = (app: ContractApp, over?: Partial<GroupSpec>) => GroupSpec

function groupTests(get: () => Runtime, specOf: SpecOf): void {
  test('a group comes to as many ready instances as were asked for, each with an address of its own', async () => {
    const spec = specOf('good')
    const group = await makeReady(get(), spec, 3)
    expect(group).toMatchObject({ wanted: 3, total: 3, ready: 3, crashes: 0, service: 'web', release: spec.release })
    expect(new Set(group.instances.map((i) => i.id)).size).toBe(3)
    const addresses = group.instances.map((i) => i.addresses[3000])
    expect(new Set(addresses).size).toBe(3)
    for (const address of addresses) expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+:\d+$/)
    await get().removeGroup(spec.id, never)
  })

  test('asking again changes nothing: the same instances go on', async () => {
    const spec = specOf('good')
    const before = await makeReady(get(), spec, 2)
    await get().ensureGroup(spec, 2, never)
    await get().scaleGroup(spec.id, 2, never)
    const after = await groupNow(get(), spec)
    expect(after?.instances).toEqual(before.instances)
    await get().removeGroup(spec.id, never)
  })

  test('a group keeps its spec', async () => {
    const spec = specOf('good')
    const before = await makeReady(get(), spec, 1)
    await get().ensureGroup({ ...spec, image: specOf('never-ready').image }, 2, never)
    const after = await until(get(), spec, (g) => g?.ready === 2)
    expect(after?.instances.map((i) => i.id)).toContain(before.instances[0]?.id)
    await get().removeGroup(spec.id, never)
  })

  test('surplus instances stop, newest first; missing ones are added', async () => {
    const spec = specOf('good')
    const one = await makeReady(get(), spec, 1)
    await get().scaleGroup(spec.id, 3, never)
    await until(get(), spec, (g) => g?.ready === 3)
    await get().ensureGroup(spec, 1, never)
    const left = await until(get(), spec, (g) => g?.total === 1)
    expect(left?.instances[0]?.id).toBe(one.instances[0]?.id)
    expect(left).toMatchObject({ wanted: 1, crashes: 0 })
    await get().scaleGroup(spec.id, 0, never)
    expect(await until(get(), spec, (g) => g?.total === 0)).toMatchObject({ wanted: 0 })
    await get().removeGroup(spec.id, never)
  })

  test('an unknown group can not be scaled, and removing it is nothing', async () => {
    expect(await codeOf(get().scaleGroup('acme/app/staging~web~nothing', 1, never))).toBe('not-found')
    expect(await codeOf(get().removeGroup('acme/app/staging~web~nothing', never))).toBe('no error')
  })

  test('observe gives the groups of one environment, or all', async () => {
    const [a, b] = [specOf('good'), specOf('good')]
    await get().ensureGroup(a, 1, never)
    await get().ensureGroup(b, 1, never)
    expect((await get().observe(a.environment, never)).map((g) => g.id)).toEqual([a.id])
    const all = (await get().observe(undefined, never)).map((g) => g.id)
    expect(all).toEqual(expect.arrayContaining([a.id, b.id]))
    expect(await get().observe('acme/other/staging', never)).toEqual([])
    for (const spec of [a, b]) await get().removeGroup(spec.id, never)
  })

  test('two groups of one service run side by side', async () => {
    const old = specOf('good', { release: 'old' })
    const fresh = specOf('good', { environment: old.environment, release: 'fresh' })
    const [first, second] = [await makeReady(get(), old, 1), await makeReady(get(), fresh, 1)]
    expect(first.instances[0]?.addresses[3000]).not.toBe(second.instances[0]?.addresses[3000])
    expect(await groupNow(get(), old)).toMatchObject({ ready: 1 })
    for (const spec of [old, fresh]) await get().removeGroup(spec.id, never)
  })

  test('a removed group is gone when its instances are, and can be made again', async () => {
    const spec = specOf('slow-to-stop')
    await makeReady(get(), spec, 2)
    const before = Date.now()
    await get().removeGroup(spec.id, never)
    await get().removeGroup(spec.id, never)
    expect(Date.now() - before).toBeLessThan(400)
    expect((await groupNow(get(), spec))?.instances.map((i) => i.state)).toEqual(['stopping', 'stopping'])
    await until(get(), spec, (g) => g === undefined)
    await makeReady(get(), spec, 1)
    await get().removeGroup(spec.id, never)
  })
}

function failureTests(get: () => Runtime, specOf: SpecOf, restartsAtOnce: () => boolean): void {
  test('a service that crashes is started again with back-off, and every crash is counted', async () => {
    const spec = specOf('crashes')
    await get().ensureGroup(spec, 1, never)
    const group = await until(get(), spec, (g) => (g?.crashes ?? 0) >= 2 && (restartsAtOnce() || g?.instances[0]?.state === 'backing-off'))
    expect(group?.problem).toMatch(restartsAtOnce() ? /exited with code/ : /exited with code 1/)
    expect(group?.instances[0]?.restarts).toBeGreaterThan(0)
    expect(group?.ready).toBe(0)
    await get().removeGroup(spec.id, never)
  })

  test('a service that exits at once says with which code', async () => {
    const spec = specOf('exits')
    await get().ensureGroup(spec, 1, never)
    const group = await until(get(), spec, (g) => (g?.crashes ?? 0) >= 1 && g?.problem !== undefined)
    expect(group?.problem).toMatch(restartsAtOnce() ? /exited with code/ : /exited with code 3/)
    await get().removeGroup(spec.id, never)
  })

  test('a service that never gets ready is not ready, and says why', async () => {
    const spec = specOf('never-ready')
    await get().ensureGroup(spec, 1, never)
    const group = await until(get(), spec, (g) => /503/.test(g?.problem ?? ''))
    expect(group).toMatchObject({ ready: 0, crashes: 0 })
    expect(group?.instances[0]).toMatchObject({ state: 'starting', restarts: 0 })
    await get().removeGroup(spec.id, never)
  })

  test('an image that is not there is refused', async () => {
    const spec = specOf('good', { image: { repository: 'acme/nothing', digest: `sha256:${'0'.repeat(64)}`, origin: 'pushed' } })
    expect(await codeOf(get().ensureGroup(spec, 1, never))).toBe('image-missing')
    expect(await groupNow(get(), spec)).toBeUndefined()
  })
}

function logTests(get: () => Runtime, specOf: SpecOf): void {
  test('logs give the newest lines with their instance', async () => {
    const spec = specOf('good')
    const group = await makeReady(get(), spec, 2)
    const lines = await collect(get().logs(spec.id, { tail: 10, follow: false }, never))
    expect(
      lines
        .filter((line) => line.text === 'started')
        .map((line) => line.instance)
        .sort(),
    ).toEqual(group.instances.map((i) => i.id).sort())
    for (const line of lines) expect(Math.abs(Date.now() - line.at)).toBeLessThan(60_000)
    expect(await collect(get().logs(spec.id, { tail: 1, follow: false }, never))).toHaveLength(1)
    expect(await collect(get().logs(spec.id, { tail: 0, follow: false }, never))).toEqual([])
    await get().removeGroup(spec.id, never)
  })

  test('logs that are followed give what comes, of new instances too, until the signal', async () => {
    const spec = specOf('good')
    await makeReady(get(), spec, 1)
    const end = new AbortController()
    const timer = setTimeout(() => end.abort(), 15_000)
    const following = (async () => {
      const seen: string[] = []
      for await (const line of get().logs(spec.id, { tail: 0, follow: true }, end.signal)) {
        seen.push(line.instance)
        if (new Set(seen).size === 2) end.abort()
      }
      return seen
    })()
    await new Promise((resolve) => setTimeout(resolve, 200))
    await get().scaleGroup(spec.id, 3, never)
    await until(get(), spec, (g) => g?.ready === 3)
    const seen = new Set(await following)
    clearTimeout(timer)
    expect(seen.size).toBe(2)
    await get().removeGroup(spec.id, never)
  })

  test('logs of an unknown group are empty', async () => {
    expect(await collect(get().logs('acme/app/staging~web~nothing', { tail: 5, follow: false }, never))).toEqual([])
  })
}
