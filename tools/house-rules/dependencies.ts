// What each workspace says it depends on, against what its sources import.

import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { importsOf } from './imports.ts'
import type { Finding, SourceFile } from './source.ts'
import { walk } from './walk.ts'

export interface Manifest {
  /** `packages/core`. */
  readonly folder: string
  readonly dependencies: readonly string[]
  /** The root's development dependencies: the page is bundled from them. */
  readonly bundled: readonly string[]
}

/** The manifests of the workspaces below `root`. */
export function readManifests(root: string): readonly Manifest[] {
  const read = (folder: string) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const bundled = Object.keys(read('.').devDependencies ?? {})
  return ['packages/core', 'packages/pushway', 'packages/web']
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => ({ folder, dependencies: Object.keys(read(folder).dependencies ?? {}), bundled: folder === 'packages/web' ? bundled : [] }))
}

/** Dependencies that no source imports, and imports that no dependency gives. */
export function checkDependencies(sources: readonly SourceFile[], manifests: readonly Manifest[]): readonly Finding[] {
  return manifests.flatMap((manifest) => {
    const own = sources.filter(({ path, kind }) => kind === 'source' && path.startsWith(`${manifest.folder}/src/`))
    const imported = packagesOf(own)
    const required = new Set(own.flatMap(requiredBy))
    const path = `${manifest.folder}/package.json`
    const unused = manifest.dependencies.filter((name) => !imported.has(name) && !required.has(name))
    const missing = [...imported].filter((name) => ![...manifest.dependencies, ...manifest.bundled].includes(name))
    return [
      ...unused.map((name) => ({ rule: 'dependencies', path, message: `nothing imports "${name}": remove it.` })),
      ...missing.map((name) => ({ rule: 'dependencies', path, message: `"${name}" is imported, but not named here.` })),
    ]
  })
}

function packagesOf(sources: readonly SourceFile[]): ReadonlySet<string> {
  const specifiers = sources.flatMap((source) => importsOf(source, new Set()).map((one) => one.specifier))
  const outside = specifiers.filter((specifier) => specifier !== '' && !specifier.startsWith('.') && !isBuiltin(specifier))
  return new Set(
    outside.map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    ),
  )
}

/** What a file with a `require` of its own may load: every text in it. */
function requiredBy(source: SourceFile): readonly string[] {
  if (!source.text.includes('createRequire(')) return []
  return [...walk(source.ast.program)].flatMap(({ node }) => (node.type === 'StringLiteral' ? [node.value] : []))
}
