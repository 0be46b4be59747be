// docs/compatibility/compose.md: every attribute of the specification, what becomes of it on each runtime, and the case that shows it.

import { supportOf, supportTable } from '@pushway/core/compose/support.ts'
import { readCorpus } from '../../../test/support/compose-corpus.ts'
import { peerVersion } from '../../../test/support/compose-peer.ts'
import { type ListedAttribute, listAttributes } from './attributes.ts'
import { renderVerbs } from './verbs.ts'

const head = `# Compose files

Made by \`npm run gen\` from the table that files are checked against (\`packages/core/src/compose/spec\`), the table of what runtimes honour
(\`support.ts\`) and the corpus \`test/golden/compose\`; do not edit. A test compares the first with the specification's own JSON schema.

\`pushway compose config\` prints what \`docker compose config\` (${peerVersion}) prints, byte for byte, as JSON and as YAML, for every case of the
corpus: \`packages/core/src/compose/golden.test.ts\`. The other flags of \`config\`: \`packages/pushway/src/cli/compose/config.test.ts\`.
A mistake is said at file, line and column, all of them at once; the exit code is 1, as with Docker.

**Honoured**: it has its meaning. **Named**: it is left out, and a warning says so with file, line, column and reason, when a release is planned or
made. **Refused**: the release is refused at that place, because its meaning would be lost. Nothing else is left out, except \`x-…\` keys, the obsolete
\`version\` (a warning), and \`develop\` and \`attach\`, which only say what \`watch\` and \`up\` show.
`

const more = `
## Files, variables, projects

| what | how | test |
|---|---|---|
| files | \`-f\` (more than one, \`-\` is standard input), \`COMPOSE_FILE\` with \`COMPOSE_PATH_SEPARATOR\`, else \`compose.yaml\`, \`compose.yml\`, \`docker-compose.yml\`, \`docker-compose.yaml\` here or in a folder above, and the override file beside it | \`cli/compose/config.test.ts\` |
| variables | \`.env\` or \`--env-file\` (\`COMPOSE_ENV_FILES\`, \`COMPOSE_DISABLE_ENV_FILE\`); what is set outside wins | golden dotenv-file, dotenv-wins |
| \`$V\`, \`\${V}\`, \`\${V:-d}\`, \`\${V-d}\`, \`\${V:?e}\`, \`\${V?e}\`, \`\${V:+a}\`, \`\${V+a}\`, \`$$\`, nested | in values, not in keys; an unset one is a warning | golden interpolate-forms |
| several files | merged by the rules of the specification; \`!reset\`, \`!override\` | golden merge-lists, reset, override-tag |
| \`extends\`, \`include\` | of this file and others, nested, with their own folders and variables; circles are refused | golden extends-other-file, include-long, include-nested |
| profiles | \`--profile\`, \`COMPOSE_PROFILES\`, \`*\`; naming a service turns on its profiles | golden profiles-on, services-selected-profile |
| project name | \`-p\`, \`COMPOSE_PROJECT_NAME\`, \`name:\`, the folder; in a release: the project and environment when the file says none | golden name-from-file, name-given |
| files of a release | read from the commit: \`extends\`, \`include\`, \`env_file\`, \`.env\`, and what is mounted is pinned by its git object; a path that leads out of the repository is refused | \`model/compose-app.test.ts\` |
| OCI and git references in \`-f\`, \`include\`, \`extends\` | refused: copy the file into the repository | \`model/compose-app.test.ts\` |
| \`--resolve-image-digests\`, \`--lock-image-digests\` | refused | \`cli/compose/config.test.ts\` |
`

/** The page. */
export function renderCompose(): string {
  return [head, renderVerbs(), '', differences(), more.trimEnd(), '', attributes(), '', reasons(), ''].join('\n')
}

function differences(): string {
  const rows = readCorpus().flatMap(({ name, settings }) => (settings.differs === undefined ? [] : [`| ${settings.differs} | golden ${name} |`]))
  return ['## Where the output differs from Docker’s, and why', '', '| difference | test |', '|---|---|', ...rows].join('\n')
}

function attributes(): string {
  const all = listAttributes()
  const titles = ['## Attributes', '', 'The case is one of `test/golden/compose` that has the attribute; there may be more.']
  const sections = [...new Set(all.map(({ path }) => path.split('.')[0] ?? ''))]
  return [
    ...titles,
    ...sections.flatMap((section) => ['', `### ${section}`, '', ...table(all.filter(({ path }) => path === section || path.startsWith(`${section}.`)))]),
  ].join('\n')
}

function table(rows: readonly ListedAttribute[]): readonly string[] {
  const words = { honoured: 'honoured', warned: 'named', refused: 'refused' } as const
  const row = ({ path, printed, cases }: ListedAttribute) => {
    const parts = path.split('.')
    const states = (['process', 'docker'] as const).map((runtime) => words[supportOf(parts, runtime)])
    return `| \`${path}\` | ${printed ? 'printed' : 'read, not printed'} | ${states.join(' | ')} | ${cases[0] ?? ''} |`
  }
  return ['| attribute | config | process | docker | case |', '|---|---|---|---|---|', ...rows.map(row)]
}

function reasons(): string {
  const rows = supportTable.map(({ path, why, process, docker }) => {
    const where = [...(process === 'honoured' ? [] : ['process']), ...(docker === 'honoured' ? [] : ['docker'])]
    return `| \`${path}\` | ${where.join(', ')} | ${why} |`
  })
  return [
    '## Why not',
    '',
    'What a finding says, and what is below the attribute has the same reason.',
    '',
    '| attribute | runtime | because |',
    '|---|---|---|',
    ...rows,
  ].join('\n')
}
