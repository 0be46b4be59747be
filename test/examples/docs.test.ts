// The examples in the documentation are understood as they stand, and its links lead somewhere.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadCompose } from '@pushway/core/compose/load.ts'
import { parseProject } from '@pushway/core/project/parse.ts'
import { parseWorkflow } from '@pushway/core/workflow/parse.ts'
import { describe, expect, test } from 'vitest'
import { parseDockerfile } from '../../packages/pushway/src/drivers/builder/embedded/parse.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** The fenced blocks of a page in one language, without the indentation of a list they may stand in. */
function blocksOf(file: string, language: string): readonly string[] {
  return [...read(file).matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm'))].map(([, indent = '', text = '']) =>
    text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  )
}

interface Read {
  readonly value?: unknown
  readonly diagnostics: readonly unknown[]
}

/** Page → language of its blocks and what reads them. */
const pagesWithExamples: readonly (readonly [page: string, language: string, read: (text: string) => Read])[] = [
  ['README.md', 'yaml', (text) => parseProject('pushway.yml', text)],
  ['docs/compatibility/pushway.md', 'yaml', (text) => parseProject('pushway.yml', text)],
  ['docs/compatibility/workflows.md', 'yaml', (text) => parseWorkflow('.github/workflows/pipeline.yml', text)],
  ['docs/compatibility/compose.md', 'yaml', (text) => loadCompose([{ file: 'docker-compose.yml', text }], { env: {} })],
  ['docs/compatibility/dockerfile.md', 'dockerfile', (text) => parseDockerfile('Dockerfile', text)],
]

describe('examples in the documentation', () => {
  test.each(pagesWithExamples)('%s', (page, language, readExample) => {
    for (const text of blocksOf(page, language)) {
      const { value, diagnostics } = readExample(text)
      expect(diagnostics).toEqual([])
      expect(value).toBeDefined()
    }
  })

  test('README.md has one, with both environments', () => {
    const environments = blocksOf('README.md', 'yaml').map((text) => parseProject('pushway.yml', text).value?.environments.map((one) => one.name))
    expect(environments).toEqual([['staging', 'production']])
  })
})

describe("hello's files", () => {
  test('the compose file', () => {
    const { value, diagnostics } = loadCompose([{ file: 'docker-compose.yml', text: read('examples/hello/docker-compose.yml') }], { env: {} })
    expect(diagnostics).toEqual([])
    expect(value?.services).toMatchObject([{ name: 'web', replicas: 2, ports: [{ target: 3000, published: 8080 }] }])
  })

  test('the Dockerfile', () => {
    const { value, diagnostics } = parseDockerfile('Dockerfile', read('examples/hello/Dockerfile'))
    expect(diagnostics).toEqual([])
    expect(value?.stages.at(-1)?.instructions.at(-1)?.kind).toBe('cmd')
  })
})

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...listPages('docs')]

test.each(pages)('every link in %s leads to a file', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '')
  const missing = links.filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(page), link)))
  expect(missing).toEqual([])
})

function listPages(dir: string): readonly string[] {
  return readdirSync(join(root, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = `${dir}/${entry.name}`
    return entry.isDirectory() ? listPages(path) : path.endsWith('.md') ? [path] : []
  })
}
