// What the real docker client is called with when an engine builds.

import { expect, test } from 'vitest'
import { rewriteDockerArgs } from './rewrite.ts'

test.each([
  ['build -t ghcr.io/acme/hello:main .', 'build -t 127.0.0.1:5000/acme/hello:main .'],
  ['build --tag=ghcr.io/acme/hello -f ghcr.io/Dockerfile ghcr.io/ctx', 'build --tag=127.0.0.1:5000/acme/hello -f ghcr.io/Dockerfile ghcr.io/ctx'],
  ['build -tghcr.io/a/b -t other.example/a/b .', 'build -t127.0.0.1:5000/a/b -t other.example/a/b .'],
  ['buildx build --push -t ghcr.io/a/b .', 'buildx build --push -t 127.0.0.1:5000/a/b .'],
  ['push ghcr.io/acme/hello:main', 'push 127.0.0.1:5000/acme/hello:main'],
  ['--config /c push -q ghcr.io/a/b', '--config /c push -q 127.0.0.1:5000/a/b'],
  ['image push ghcr.io/a/b', 'image push 127.0.0.1:5000/a/b'],
  ['pull ghcr.io/a/b@sha256:00', 'pull 127.0.0.1:5000/a/b@sha256:00'],
  ['tag local ghcr.io/a/b:1', 'tag local 127.0.0.1:5000/a/b:1'],
  ['login ghcr.io -u me --password-stdin', 'login 127.0.0.1:5000 -u me --password-stdin'],
  ['login -u me -p ghcr.io ghcr.io', 'login -u me -p ghcr.io 127.0.0.1:5000'],
  ['logout ghcr.io', 'logout 127.0.0.1:5000'],
  ['run --rm -e X=ghcr.io/x ghcr.io/a/b echo ghcr.io/a/b', 'run --rm -e X=ghcr.io/x 127.0.0.1:5000/a/b echo ghcr.io/a/b'],
  ['push ghcr.io.evil.example/a/b', 'push ghcr.io.evil.example/a/b'],
  ['push docker.example/ghcr.io/a', 'push docker.example/ghcr.io/a'],
  ['ps -a', 'ps -a'],
])('docker %s', (given, wanted) => {
  expect(rewriteDockerArgs(given.split(' '), ['ghcr.io'], '127.0.0.1:5000')).toEqual(wanted.split(' '))
})

test.each([
  ['push acme/hello', 'push 127.0.0.1:5000/acme/hello'],
  ['push hello:1', 'push 127.0.0.1:5000/library/hello:1'],
  ['push localhost/hello', 'push localhost/hello'],
])('with docker.io aliased: docker %s', (given, wanted) => {
  expect(rewriteDockerArgs(given.split(' '), ['docker.io'], '127.0.0.1:5000')).toEqual(wanted.split(' '))
})
