// Containers of jobs on a real engine: the job's own, services, Docker actions; and what is refused without one.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../../test/support/job.ts'
import { jobImage } from '../../../../../test/support/job-image.ts'
import { needs, needsImage } from '../../../../../test/support/needs.ts'
import { tempDir } from '../../../../../test/support/temp.ts'

const docker = needsImage('node:20-slim')
const slow = 120_000

/** What is left on the engine of jobs of this process. */
function left(): string {
  const list = (...args: string[]) =>
    spawnSync('docker', [...args, '--filter', 'label=pushway.job', '--format', '{{.Label "pushway.job.owner"}} {{.ID}}'], { encoding: 'utf8' }).stdout
  const own = ` ${process.pid} `
  return [...list('ps', '-a').split('\n'), ...list('network', 'ls').split('\n')].filter((line) => line.includes(own)).join('\n')
}

function actionsDir(files: Readonly<Record<string, string>>): { kind: 'directory'; dir: string } {
  const dir = tempDir('actions')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return { kind: 'directory', dir }
}

describe.skipIf(docker.skip)(`on an engine${docker.reason}`, () => {
  let image = ''

  beforeAll(async () => {
    image = await jobImage()
  }, slow)

  afterEach(() => {
    expect(left()).toBe('')
  })

  test(
    "the steps run in the job's container, as on GitHub's machines",
    async () => {
      const run = await runSpec(
        jobSpec(`
        container:
          image: ${image}
          env: { OWN: "\${{ github.actor }}" }
          options: --hostname built-here --cpus 1
          volumes: ['/scratch']
        steps:
          - id: one
            env: { SECRET: "line one\\nline two" }
            run: |
              echo "host $(hostname), own $OWN, in $PWD, home $HOME, pid1 $(tr '\\0' ' ' < /proc/1/cmdline)"
              echo "workspace $GITHUB_WORKSPACE = \${{ github.workspace }}, temp \${{ runner.temp }}"
              printf '%s' "$SECRET" | wc -l
              test -d /scratch && test -s "$GITHUB_EVENT_PATH"
              echo "said=hello" >> "$GITHUB_OUTPUT"
              echo "ADDED=yes" >> "$GITHUB_ENV"
              mkdir -p bin && printf '#!/bin/sh\\necho tool runs\\n' > bin/mytool && chmod +x bin/mytool
              echo "$PWD/bin" >> "$GITHUB_PATH"
              echo "::warning file=a.js,line=1::look"
          - run: echo "\${{ steps.one.outputs.said }} $ADDED $0 \${{ job.container.network }}" && mytool
          - run: exit 7
            continue-on-error: true
          - run: echo "last"
            working-directory: bin
            shell: sh
      `),
      )
      expect(run.text).toContain('host built-here, own ada, in /__w/hello/hello, home /github/home, pid1 tail -f /dev/null')
      expect(run.text).toContain('workspace /__w/hello/hello = /__w/hello/hello, temp /__w/_temp')
      expect(run.text).toMatch(/hello yes .*script_1\.sh pushway_[0-9a-f]+/)
      expect(run.text).toContain('tool runs')
      expect(run.text).toContain('shell: sh -e {0}')
      expect(run.text).toContain('Process completed with exit code 7.')
      expect(run.reports.some((report) => report.type === 'annotation')).toBe(true)
      expect(run.conclusion).toBe('success')
    },
    slow,
  )

  test(
    'services are reached by name from the container, and by port from the machine; health is waited for',
    async () => {
      const service = `
          web:
            image: ${image}
            env: { WHO: web }
            ports: ['8080']
            options: >-
              --health-cmd "test -f /tmp/started || { touch /tmp/started; exit 1; }" --health-interval 1s --health-retries 9
            entrypoint: node
            command: /srv/web.js`
      const ask = (host: string, port: string) => `node -e 'fetch("http://${host}:${port}/").then((r) => r.text()).then(console.log)'`
      const inside = await runSpec(
        jobSpec(`
        container: ${image}
        services:${service}
        steps: [{ run: '${ask('web', '8080').replaceAll("'", "''")}' }]`),
      )
      expect(inside.text).toContain('up web')
      expect(inside.text).toContain('Service web is healthy.')
      const outside = await runSpec(
        jobSpec(`
        services:${service}
        steps: [{ run: '${ask('127.0.0.1', '${{ job.services.web.ports[8080] }}').replaceAll("'", "''")}' }]`),
      )
      expect(outside.text).toContain('up web')
      expect([inside.conclusion, outside.conclusion]).toEqual(['success', 'success'])
    },
    slow,
  )

  test(
    'JavaScript and composite actions run in the container',
    async () => {
      const source = actionsDir({
        'acme/js@v1/action.yml': 'name: js\ninputs: { a-b: { default: x } }\nruns: { using: node20, main: m.js, post: p.js }\n',
        'acme/js@v1/m.js': `const fs = require('fs'); console.log('js in', require('os').hostname(), process.env['INPUT_A-B']); fs.appendFileSync(process.env.GITHUB_STATE, 's=kept\\n')`,
        'acme/js@v1/p.js': `console.log('post', process.env.STATE_s)`,
        'acme/co@v1/action.yml':
          'name: co\nruns: { using: composite, steps: [{ run: "echo composite in $(hostname) from $GITHUB_ACTION_PATH; ls $GITHUB_ACTION_PATH", shell: sh }] }\n',
      })
      const run = await runSpec(
        jobSpec(`
        container: { image: '${image}', options: -h inside }
        steps: [{ uses: acme/js@v1 }, { uses: acme/co@v1 }]`),
        { actions: { sources: [source], cache: tempDir('cache') } },
      )
      expect(run.text).toContain('js in inside x')
      expect(run.text).toContain('post kept')
      expect(run.text).toContain('composite in inside from /__w/_actions/acme/co/v1')
      expect(run.conclusion).toBe('success')
    },
    slow,
  )

  test(
    'Docker actions: from a Dockerfile and from an image; inputs, arguments, files, outputs, pre- and post-entrypoint',
    async () => {
      const source = actionsDir({
        'acme/box@v1/action.yml': [
          'name: box',
          'inputs: { who: { default: nobody } }',
          'outputs: { said: { description: x } }',
          'runs:',
          '  using: docker',
          '  image: Dockerfile',
          '  env: { EXTRA: "for ${{ inputs.who }}" }',
          '  args: ["${{ inputs.who }}", "two words"]',
          '  pre-entrypoint: /pre.sh',
          '  post-entrypoint: /post.sh',
        ].join('\n'),
        'acme/box@v1/Dockerfile': `FROM ${image}\nCOPY *.sh /\nRUN chmod +x /*.sh\nENTRYPOINT ["/main.sh"]\n`,
        'acme/box@v1/main.sh':
          '#!/bin/sh\necho "main $# <$1> <$2> $EXTRA $INPUT_WHO in $PWD = $GITHUB_WORKSPACE, home $HOME"\necho "said=hi $1" >> "$GITHUB_OUTPUT"\ncat left.txt\necho made > made.txt\n',
        'acme/box@v1/pre.sh': '#!/bin/sh\necho "pre runs"; echo "s=kept" >> "$GITHUB_STATE"\n',
        'acme/box@v1/post.sh': '#!/bin/sh\necho "post $STATE_s"\n',
      })
      const run = await runSpec(
        jobSpec(`
        steps:
          - run: echo was here > left.txt
          - { id: box, uses: acme/box@v1, with: { who: Ada L } }
          - run: cat made.txt; echo "\${{ steps.box.outputs.said }}"
          - uses: docker://${image}
            with: { entrypoint: /bin/echo, args: from 'the image' }
          - uses: docker://${image}
            with: { entrypoint: /bin/false }
            continue-on-error: true`),
        { actions: { sources: [source], cache: tempDir('cache') } },
      )
      for (const text of [
        'pre runs',
        'main 2 <Ada L> <two words> for Ada L Ada L in /github/workspace = /github/workspace, home /github/home',
        'was here',
        'made',
        'hi Ada L',
        'from the image',
        'post kept',
        'Docker run failed with exit code 1',
      ])
        expect(run.text).toContain(text)
      expect(run.conclusion).toBe('success')
    },
    slow,
  )

  test(
    'a cancelled step in a container is stopped, and cleanup steps still run',
    async () => {
      const cancel = new AbortController()
      const run = await runSpec(
        jobSpec(`
        container: ${image}
        steps:
          - { name: long, run: 'trap "echo got the signal; exit 3" INT; echo begun; sleep 60 & wait' }
          - { name: clean, if: always(), run: echo cleaned }`),
        {},
        { cancel: cancel.signal, onLine: (text) => text === 'begun' && cancel.abort() },
      )
      expect(run.text).toContain('got the signal')
      expect(run.text).toContain('cleaned')
      expect(run.conclusion).toBe('cancelled')
    },
    slow,
  )

  test.each([
    ['container: { image: "pushway.invalid/no/such:1" }', /ci\.yml:6:16: the job's container \(pushway\.invalid\/no\/such:1\): .*can't be pulled/],
    ['container: { image: IMAGE, options: "--no-such" }', /the option --no-such is not carried/],
    ['container: { image: IMAGE, ports: [nine] }', /"nine" is no port/],
    ['services: { db: { image: IMAGE, entrypoint: no-such-program } }', /the service db .*no-such-program/],
    [
      'services: { db: { image: IMAGE, entrypoint: sleep, command: "60", options: "--health-cmd false --health-interval 1s --health-retries 1" } }',
      /the service db is unhealthy: its check ended with 1/,
    ],
  ])(
    '%s fails the job by line and name',
    async (text, says) => {
      const run = await runSpec(jobSpec(`        ${text.replace('IMAGE', `'${image}'`)}\n        steps: [{ run: echo never }]`))
      expect(run.conclusion).toBe('failure')
      expect(run.problem).toMatch(says)
      expect(run.text).not.toContain('never\n')
    },
    slow,
  )
})

describe('without an engine', () => {
  test.skipIf(needs('redis-server').skip || needs('initdb', 'postgresql').skip)(
    'postgres and redis are programs of the machine, without rights of root, and end with the job',
    async () => {
      const before = process.env.DOCKER_HOST
      process.env.DOCKER_HOST = 'unix:///nowhere/engine.sock'
      try {
        const run = await runSpec(
          jobSpec(`
        services:
          db:
            image: postgres:15
            env: { POSTGRES_PASSWORD: secret-word, POSTGRES_DB: shop }
            ports: ['5432']
            options: --health-cmd pg_isready --health-interval 1s
          cache: { image: redis, ports: ['6379/tcp'] }
        steps:
          - env: { PGPASSWORD: secret-word }
            run: |
              psql -h 127.0.0.1 -p \${{ job.services.db.ports[5432] }} -U postgres -d shop -tAc "select 'in ' || current_database()"
              redis-cli -p \${{ job.services.cache.ports['6379'] }} ping
              ps -o user=,args= -e | grep -E '[r]edis-server .*:\${{ job.services.cache.ports['6379'] }}'
      `),
        )
        expect(run.text).toContain('in shop')
        expect(run.text).toContain('PONG')
        expect(run.text).toMatch(/^(?!root)\S+\s+redis-server/m)
        expect(run.conclusion).toBe('success')
      } finally {
        if (before === undefined) delete process.env.DOCKER_HOST
        else process.env.DOCKER_HOST = before
      }
    },
    slow,
  )

  test.each([
    ['container: alpine\n        steps: [{ run: echo a }]', /ci\.yml:6:16: container: no container engine/],
    [
      'services: { db: mysql }\n        steps: [{ run: echo a }]',
      /ci\.yml:6:15: the service db \(mysql\): no container engine answers .* only postgres, redis run as programs/,
    ],
    ['services: { db: { image: postgres, volumes: ["a:/b"] } }\n        steps: [{ run: echo a }]', /its volumes need one/],
    ['services: { db: { image: postgres, ports: ["80:80"] } }\n        steps: [{ run: echo a }]', /the port 80:80 is not that of postgres/],
    ['services: { db: postgres }\n        steps: [{ run: echo a }]', /the database has no password/],
    ['steps: [{ uses: "docker://alpine" }]', /uses: docker:\/\/alpine: a Docker action needs a container engine/],
  ])('%s is refused by line', async (text, says) => {
    const before = process.env.DOCKER_HOST
    process.env.DOCKER_HOST = 'unix:///nowhere/engine.sock'
    try {
      const run = await runSpec(jobSpec(`        ${text}`))
      expect(run.conclusion).toBe('failure')
      expect(run.problem).toMatch(says)
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST
      else process.env.DOCKER_HOST = before
    }
  })
})
