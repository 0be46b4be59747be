// Errors of container engines.

import { entry } from './error-entry.ts'

/** Code → what the error is and says; a part of the error table. */
export const engineErrors = {
  'host-program-missing': entry<{ image: string; program: string; install: string }>({
    kind: 'user',
    http: 409,
    exit: 3,
    say: (f) => `${f.image} runs as a program of this machine, and ${f.program} is not installed.`,
    next: (f) => `Install ${f.install}, or run the environment on an engine: runtime: docker in pushway.yml.`,
  }),
  'host-program-refused': entry<{ service: string; problems: string }>({
    kind: 'user',
    http: 422,
    exit: 2,
    say: (f) => `${f.service} can't run as a program of this machine: ${f.problems}.`,
    next: () => 'Change the service, or run the environment on an engine: runtime: docker in pushway.yml.',
  }),
  'host-program-as-root': entry<{ service: string; program: string }>({
    kind: 'environment',
    http: 409,
    exit: 3,
    say: (f) => `${f.service} would run ${f.program} as root: without isolation there is no other user for it.`,
    next: () => 'Start the server as an ordinary user, or without PUSHWAY_ISOLATION=none.',
  }),
  'host-program-volume': entry<{ service: string; program: string; written: string; present: string }>({
    kind: 'user',
    http: 409,
    exit: 3,
    say: (f) => `The volume of ${f.service} was written by ${f.program} ${f.written}, and this machine has ${f.present}.`,
    next: (f) => `Install ${f.program} ${f.written}, or move the data over with its own tools (dump with the old one, restore with the new one).`,
  }),
  'mount-missing': entry<{ service: string; path: string; target: string }>({
    kind: 'user',
    http: 409,
    exit: 3,
    say: (f) => `${f.service} mounts ${f.path} at ${f.target}, and there is no such file or folder.`,
    next: () => 'Make it, or correct the path in the compose file: what a release mounts comes from its commit.',
  }),
  'engine-unreachable': entry<{ where: string; problem: string }>({
    kind: 'environment',
    http: 503,
    exit: 75,
    say: (f) => `The container engine at ${f.where} does not answer: ${f.problem}.`,
    next: () => 'Start it (Docker: systemctl start docker), or name another one with DOCKER_HOST. What waits for it goes on when it is back.',
  }),
  'engine-address': entry<{ address: string; foundBy: string }>({
    kind: 'user',
    http: 400,
    exit: 2,
    say: (f) => `The address of the container engine, ${f.address} (${f.foundBy}), can't be used.`,
    next: () => 'Use unix:///path/to/socket or tcp://HOST:PORT; for ssh, forward the socket yourself: ssh -L /tmp/engine.sock:/var/run/docker.sock HOST.',
  }),
  'engine-too-old': entry<{ where: string; found: string; needed: string }>({
    kind: 'environment',
    http: 503,
    exit: 1,
    say: (f) => `The container engine at ${f.where} speaks version ${f.found} of its API; ${f.needed} is the oldest that works.`,
    next: () => 'Use Docker Engine 20.10 or later, or Podman 4 or later.',
  }),
  'engine-refused': entry<{ what: string; problem: string }>({
    kind: 'user',
    http: 409,
    exit: 1,
    say: (f) => `The container engine refused ${f.what}: ${f.problem}.`,
    next: () => 'Mend what it names, then try again.',
  }),
  'image-pull-failed': entry<{ image: string; problem: string }>({
    kind: 'user',
    http: 409,
    exit: 1,
    say: (f) => `${f.image} can't be pulled: ${f.problem}.`,
    next: () => 'Check its name, and the credentials for its registry; nothing that runs was stopped.',
  }),
  'compose-dependency': entry<{ problem: string }>({
    kind: 'user',
    http: 409,
    exit: 1,
    say: (f) => `A dependency failed to start: ${f.problem}.`,
    next: () => 'Read its logs: pushway compose logs SERVICE.',
  }),
  'compose-wait': entry<{ problem: string }>({
    kind: 'user',
    http: 409,
    exit: 1,
    say: (f) => `The services are not up: ${f.problem}.`,
    next: () => 'Read their logs: pushway compose logs SERVICE.',
  }),
  'external-missing': entry<{ kind: string; name: string; service: string }>({
    kind: 'user',
    http: 409,
    exit: 1,
    say: (f) => `Service ${f.service} needs the external ${f.kind} ${f.name}, and the container engine has none of that name.`,
    next: (f) => `Make it (docker ${f.kind} create ${f.name}), or take \`external: true\` away.`,
  }),
  'resource-taken': entry<{ kind: string; name: string; owner: string }>({
    kind: 'user',
    http: 409,
    exit: 3,
    say: (f) => `The ${f.kind} ${f.name} belongs to ${f.owner}.`,
    next: (f) => `Give this environment another name (\`name:\` in its compose file), or the ${f.kind} a \`name:\` of its own.`,
  }),
} as const
