// A service with `build:` that no job builds: Pushway builds it from the commit when the release is made.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createOutside, type LittleWorld, type Outside, startLittleWorld } from '../support/little-world.ts'
import { tempDir } from '../support/temp.ts'

const project = 'acme/plain'
const commit = '4'.repeat(40)
const files = {
  '.github/workflows/deploy.yml': 'on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    environment: production\n    steps: [{ run: echo deploying }]\n',
  'docker-compose.yml':
    'services:\n  web:\n    build: { context: ./web, dockerfile: Dockerfile.prod, target: run }\n    ports: ["8080:3000"]\n  worker:\n    build: ./worker\n    expose: [4000]\n',
  'pushway.yml': 'environments:\n  production: { branch: main, files: [docker-compose.yml] }\n',
}

function given(): { outside: Outside; world: LittleWorld } {
  const outside = createOutside(join(tempDir('own-builds'), 'story.db'), () => undefined)
  for (const [path, text] of Object.entries(files)) outside.files.set(`${commit}:${path}`, text)
  const world = startLittleWorld(outside)
  world.commands.createProject(project, 'ada')
  return { outside, world }
}

/** Lets the jobs of the build run push what their own steps name, as `docker push` would. */
async function passes(world: LittleWorld, count: number, pushes: boolean): Promise<void> {
  for (let pass = 0; pass < count; pass++) {
    for (const run of world.shop.world.lists.activeRuns()) {
      const { state } = world.shop.states.run(run)
      const workflow = await world.shop.sources.workflow(project, commit, state.workflowFile ?? '')
      for (const job of workflow?.value?.jobs ?? []) {
        const image = job.steps[1]?.env.find(([name]) => name === 'IMAGE')?.[1].value
        const known = world.shop.states.project(project).state.images.some((one) => image?.includes(`/${one.repository}:`))
        if (image === undefined || known || !pushes || state.jobs.get(job.id)?.phase !== 'running') continue
        const repository = image.replace(/^[^/]+\//, '').replace(/:.*$/, '')
        world.commands.imagePushed({ repository, tag: 'built', digest: `sha256:${job.id.slice(-1).repeat(64)}`, run, by: 'ada' })
      }
    }
    await world.pass(500)
  }
}

describe('a service with `build:` that no job has built', () => {
  test('is built in a run of its own, and the release pins its digest', async () => {
    const { world } = given()
    await world.commands.receivePush({ project, updates: [{ ref: 'refs/heads/main', before: null, after: commit }], source: 'git' }, 'ada')
    await passes(world, 40, true)
    const runs = world.queries.runs(project, 10)
    expect(runs.map((run) => [run.workflowName, run.title, run.conclusion])).toEqual([
      ['Build images', 'Build web, worker', 'success'],
      ['.github/workflows/deploy.yml', 'commit 4444', 'success'],
    ])
    const live = world.shop.states.environment(project, 'production').state.live
    const services = world.shop.states.release(live?.release ?? '')?.services.map(({ name, image }) => [name, image.repository, image.origin])
    expect(services).toEqual([
      ['web', 'acme/plain/web', 'built'],
      ['worker', 'acme/plain/worker', 'built'],
    ])
    world.close()
  })

  test('the values of the file reach the shell as variables only', async () => {
    const { world } = given()
    await world.commands.receivePush({ project, updates: [{ ref: 'refs/heads/main', before: null, after: commit }], source: 'git' }, 'ada')
    await passes(world, 3, false)
    const file = world.queries.runs(project, 10)[0]?.workflowFile ?? ''
    const workflow = (await world.shop.sources.workflow(project, commit, file))?.value
    const step = workflow?.jobs[0]?.steps[1]
    expect(step?.kind === 'run' && step.run.value).toBe('docker build -t "$IMAGE" -f "$BUILD_FILE" --target "$BUILD_TARGET" "$BUILD_CONTEXT"')
    expect(Object.fromEntries(step?.env.map(([name, { value }]) => [name, value]) ?? [])).toEqual({
      IMAGE: '127.0.0.1:1/acme/plain/web:built',
      BUILD_CONTEXT: 'web',
      BUILD_FILE: 'web/Dockerfile.prod',
      BUILD_TARGET: 'run',
      PUSHWAY_OWN_BUILD: '1',
    })
    world.close()
  })

  test('every key of build is a flag of the builder, by variables; an inline Dockerfile is written first', async () => {
    const { outside, world } = given()
    const compose = [
      'services:',
      '  web:',
      '    build:',
      '      context: .',
      '      args: { A: "1; rm -rf /" }',
      '      labels: { team: x }',
      '      no_cache: true',
      '      network: none',
      '      dockerfile_inline: |',
      '        FROM scratch',
      '        COPY . /',
      '    expose: [3000]',
    ]
    outside.files.set(`${commit}:docker-compose.yml`, `${compose.join('\n')}\n`)
    await world.commands.receivePush({ project, updates: [{ ref: 'refs/heads/main', before: null, after: commit }], source: 'git' }, 'ada')
    await passes(world, 3, false)
    const file = world.queries.runs(project, 10)[0]?.workflowFile ?? ''
    const step = (await world.shop.sources.workflow(project, commit, file))?.value?.jobs[0]?.steps[1]
    const flags = ['--build-arg="$BUILD_FLAG_0"', '--label="$BUILD_FLAG_1"', '--network="$BUILD_FLAG_2"', '--no-cache="$BUILD_FLAG_3"']
    expect(step?.kind === 'run' && step.run.value).toBe(
      `printf '%s\\n' "$BUILD_INLINE" > "$RUNNER_TEMP/Dockerfile"\ndocker build -t "$IMAGE" -f "$RUNNER_TEMP/Dockerfile" ${flags.join(' ')} "$BUILD_CONTEXT"`,
    )
    expect(Object.fromEntries(step?.env.map(([name, { value }]) => [name, value]) ?? [])).toMatchObject({
      BUILD_INLINE: 'FROM scratch\nCOPY . /\n',
      ...{ BUILD_FLAG_0: 'A=1; rm -rf /', BUILD_FLAG_1: 'team=x', BUILD_FLAG_2: 'none', BUILD_FLAG_3: 'true' },
    })
    world.close()
  })

  test('when it can not be built, the job fails and says which run tells why', async () => {
    const { world } = given()
    await world.commands.receivePush({ project, updates: [{ ref: 'refs/heads/main', before: null, after: commit }], source: 'git' }, 'ada')
    await passes(world, 2, false)
    await passes(world, 30, false)
    const deploy = world.queries.run({ project, number: 1 })
    expect(deploy.conclusion).toBe('failure')
    expect(deploy.jobs[0]?.why?.sentence).toContain('The images could not be built: see run 2.')
    world.close()
  })
})
