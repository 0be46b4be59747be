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

describe('examples in the documentation', () => {
  test.each(['README.md', 'docs/compatibility/pushway.md'])('pushway.yml in %s', (file) => {
    const [text = ''] = blocksOf(file, 'yaml')
    const { value, diagnostics } = parseProject('pushway.yml', text)
    expect(diagnostics).toEqual([])
    expect(value?.environments.map((one) => one.name)).toEqual(['staging', 'production'])
  })

  test('the workflow', () => {
    const [text = ''] = blocksOf('docs/compatibility/workflows.md', 'yaml')
    const { value, diagnostics } = parseWorkflow('.github/workflows/pipeline.yml', text)
    expect(diagnostics).toEqual([])
    expect(value?.jobs.map((job) => job.id)).toEqual(['test', 'deploy'])
  })

  test('the compose file, and that of hello', () => {
    const [text = ''] = blocksOf('docs/compatibility/compose.md', 'yaml')
    for (const one of [text, read('examples/hello/docker-compose.yml')]) {
      const { value, diagnostics } = loadCompose([{ file: 'docker-compose.yml', text: one }], { env: {} })
      expect(diagnostics).toEqual([])
      expect(value?.services[0]).toMatchObject({ name: 'web', replicas: 2, ports: [{ target: 3000, published: 8080 }] })
    }
  })

  test('the Dockerfile, and that of hello', () => {
    const [text = ''] = blocksOf('docs/compatibility/dockerfile.md', 'dockerfile')
    for (const one of [text, read('examples/hello/Dockerfile')]) {
      const { value, diagnostics } = parseDockerfile('Dockerfile', one)
      expect(diagnostics).toEqual([])
      expect(value?.stages.at(-1)?.instructions.at(-1)?.kind).toBe('cmd')
    }
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
