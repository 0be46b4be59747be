// How known images run as programs of the machine, where there is no container engine: which program, which arguments, what first.
// Follows the images' own documentation: https://hub.docker.com/_/postgres, https://hub.docker.com/_/redis

/** What a recipe is told. All paths are absolute. */
export interface HostProgramFacts {
  /** For its files alone; it is empty at first. */
  readonly dir: string
  /** The port it shall listen on, at 127.0.0.1 only. */
  readonly port: number
  /** As the image would be given. */
  readonly env: Readonly<Record<string, string>>
  /** More arguments of the image's command. */
  readonly args: readonly string[]
}

export interface HostProgramRecipe {
  /** The image's name without registry and tag. */
  readonly image: string
  /** Debian's package of its programs. */
  readonly debianPackage: string
  /** Every program it needs. */
  readonly programs: readonly string[]
  /** The port that the image listens on. */
  readonly port: number
  /** What is wrong with the variables, as the image itself would say; undefined when nothing is. */
  problem(facts: HostProgramFacts): string | undefined
  /** Files that are written before anything runs. */
  files(facts: HostProgramFacts): Readonly<Record<string, string>>
  /** Commands that run to their end before it. */
  prepare(facts: HostProgramFacts): readonly (readonly string[])[]
  start(facts: HostProgramFacts): readonly string[]
  /** A command that ends with 0 once it answers. */
  ready(facts: HostProgramFacts): readonly string[]
  /** Commands that run to their end once it answers. */
  finish(facts: HostProgramFacts): readonly (readonly string[])[]
}

const none = () => []

const postgres: HostProgramRecipe = {
  image: 'postgres',
  debianPackage: 'postgresql',
  programs: ['initdb', 'postgres', 'psql'],
  port: 5432,
  problem: ({ env }) =>
    env.POSTGRES_PASSWORD || env.POSTGRES_HOST_AUTH_METHOD === 'trust'
      ? undefined
      : 'the database has no password: set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD to trust',
  files: ({ env }) => ({ password: env.POSTGRES_PASSWORD || 'unused' }),
  prepare: ({ dir, env }) => [
    [
      'initdb',
      `--pgdata=${dir}/data`,
      `--username=${user(env)}`,
      `--pwfile=${dir}/password`,
      `--auth-host=${env.POSTGRES_HOST_AUTH_METHOD || 'scram-sha-256'}`,
      '--auth-local=trust',
      '--encoding=UTF8',
      ...(env.POSTGRES_INITDB_ARGS ?? '').split(/\s+/).filter((word) => word !== ''),
    ],
  ],
  start: ({ dir, port, args }) => ['postgres', '-D', `${dir}/data`, '-p', String(port), '-h', '127.0.0.1', '-k', dir, ...args],
  ready: (facts) => psql(facts, 'select 1'),
  finish: (facts) =>
    facts.env.POSTGRES_DB && facts.env.POSTGRES_DB !== 'postgres'
      ? [psql(facts, `create database "${facts.env.POSTGRES_DB.replaceAll('"', '""')}"`)]
      : userDatabase(facts),
}

/** As the image: without a name of its own the database is called like its user. */
function userDatabase(facts: HostProgramFacts): readonly (readonly string[])[] {
  const name = user(facts.env)
  return facts.env.POSTGRES_DB || name === 'postgres' ? [] : [psql(facts, `create database "${name.replaceAll('"', '""')}"`)]
}

function user(env: Readonly<Record<string, string>>): string {
  return env.POSTGRES_USER || 'postgres'
}

function psql({ dir, port, env }: HostProgramFacts, statement: string): readonly string[] {
  return ['psql', '-X', '-q', '-h', dir, '-p', String(port), '-U', user(env), '-d', 'postgres', '-c', statement]
}

const redis: HostProgramRecipe = {
  image: 'redis',
  debianPackage: 'redis-server',
  programs: ['redis-server', 'redis-cli'],
  port: 6379,
  problem: () => undefined,
  files: () => ({}),
  prepare: none,
  start: ({ dir, port, args }) => [
    'redis-server',
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    ...(args[0] === 'redis-server' ? args.slice(1) : args),
  ],
  // Any answer will do, also that it wants a password.
  ready: ({ port }) => ['redis-cli', '-h', '127.0.0.1', '-p', String(port), 'ping'],
  finish: none,
}

const recipes: readonly HostProgramRecipe[] = [postgres, redis]

/** The recipe of an image by its name: `postgres:16`, `docker.io/library/postgres`; undefined when there is none. */
export function findRecipe(image: string): HostProgramRecipe | undefined {
  const name = image
    .replace(/@.*$/, '')
    .replace(/:[^/:]*$/, '')
    .replace(/^(docker\.io|index\.docker\.io|registry-1\.docker\.io)\//, '')
    .replace(/^library\//, '')
  return recipes.find((recipe) => recipe.image === name)
}

/** The images that have one, in words. */
export function recipeNames(): string {
  return recipes.map(({ image }) => image).join(', ')
}
