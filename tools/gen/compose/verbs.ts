// The verbs of `pushway compose` for docs/compatibility/compose.md: flags that are honoured, and the test that shows it.

/** Verb, flags, test. */
const rows: readonly (readonly [verb: string, flags: string, test: string])[] = [
  ['`config`', 'all but `--resolve-image-digests`, `--lock-image-digests`', 'config.test.ts'],
  [
    '`up`',
    '`-d --build --no-build --scale --wait --wait-timeout --remove-orphans --force-recreate --no-recreate --no-deps --no-start --pull --quiet-pull -t -V --abort-on-container-exit --abort-on-container-failure --exit-code-from --no-color --no-log-prefix --timestamps`',
    'up.test.ts',
  ],
  ['`create`', 'those of `up` that are not about the start', 'up.test.ts'],
  ['`down`', '`-v --rmi --remove-orphans -t`, services', 'up.test.ts'],
  ['`ps`', '`-a -q --services --format table|json --status --filter status= --no-trunc --no-orphans`', 'up.test.ts'],
  ['`logs`', '`-f -n --since --until -t --index --no-color --no-log-prefix`', 'up.test.ts'],
  ['`build`', '`--build-arg --no-cache --pull --push -q --with-dependencies`', 'up.test.ts'],
  ['`pull`, `push`', '`--ignore-pull-failures --ignore-push-failures --ignore-buildable --include-deps --policy -q`', 'up.test.ts'],
  ['`images`', '`-q --format table|json`', 'up.test.ts'],
  ['`stop`, `start`, `restart`, `kill`, `rm`', '`-t --wait --wait-timeout --no-deps -s --remove-orphans -f -v`', 'up.test.ts'],
  ['`pause`, `unpause`, `wait`', 'services', 'up.test.ts'],
  ['`exec`', '`-d -e --index --privileged -T -u -w`', 'up.test.ts'],
  ['`run`', '`--build -d --entrypoint -e -i -l --name --no-deps --pull --quiet-pull --rm -P -T --use-aliases -u -w`', 'up.test.ts'],
  ['`cp`', '`--index`', 'up.test.ts'],
  ['`port`, `top`, `ls`, `events`', '`--protocol --index -a -q --format --filter name= --json --since --until`', 'up.test.ts'],
  ['`version`', '`-f --short`', 'config.test.ts'],
  ['`attach`, `bridge`, `commit`, `export`, `publish`, `scale`, `stats`, `volumes`, `watch`', 'refused by name, with what to do instead', 'up.test.ts'],
]

/** The section of the page. */
export function renderVerbs(): string {
  return [
    '## Verbs',
    '',
    'They work on the Docker Engine that the docker command would use, with the files of the folder, without a server. Labels, names and the hash of a',
    "configuration are Docker Compose's: each takes what the other made for its own. Flags that are not here are refused. Images are fetched or built",
    'before anything is stopped; a new container is made before the old one stops. Tests are in `packages/pushway/src/cli/compose`.',
    '',
    '| verb | flags | test |',
    '|---|---|---|',
    ...rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
    '',
    "In jobs, `docker compose` and `docker-compose` are these verbs, unless the machine's own docker is used and has the Compose plugin. `pushway shell -- ./deploy.sh staging 1.2.0`",
    'runs a script with them on its PATH, ENV and VERSION from its arguments; a `down` in it is honoured and said to be an outage: `cli/commands/shell.test.ts`.',
    '',
    'Not as in Docker Compose: attributes that have no effect are named at their line; `build` with `secrets`, `ssh`, `additional_contexts`, `entitlements`,',
    '`ulimits` or `privileged`, and from a URL, is refused; credential helpers are not asked (what `docker login` wrote into its file is used);',
    '`pull_policy` by age is taken as `missing`; menus and `watch` of `up` are not there.',
  ].join('\n')
}
