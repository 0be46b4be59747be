// Reads a recipe file, every mistake at its place.

import type { Diagnostic, Parsed } from '../text/diagnostic.ts'
import { readYaml, unknownKey, type YamlNode, type YamlReader } from '../text/yaml.ts'
import type { Recipe, RecipeFile, RecipeStep, RecipeVariable, RecipeWords } from './types.ts'

type Readers = Readonly<Record<string, (node: YamlNode, what: string) => void>>

/** One recipe from the text of its file. */
export function parseRecipe(file: string, text: string): Parsed<Recipe> {
  const reader = readYaml(file, text, 'recipe')
  const take = takers(reader)
  const recipe = emptyRecipe()
  const set = <K extends keyof Recipe>(key: K, value: Recipe[K] | undefined) => value !== undefined && Object.assign(recipe, { [key]: value })
  take.keys(reader.root, file, {
    name: (node, what) => set('name', take.text(node, what)),
    images: (node, what) => set('images', take.texts(node, what)),
    program: (node, what) => set('program', take.text(node, what)),
    folders: (node, what) => set('folders', take.texts(node, what)),
    install: (node, what) => set('install', take.text(node, what)),
    version: (node, what) => set('version', readVersion(take, node, what)),
    ports: (node, what) => set('ports', readPorts(take, node, what)),
    privatePorts: (node, what) =>
      set(
        'privatePorts',
        take.list(node, what, (item, at) => take.number(item, at)),
      ),
    clients: (node, what) =>
      set('clients', Object.fromEntries(take.entries(node, what).map(({ key, node: value }) => [key, take.texts(value, `${what}.${key}`)]))),
    direct: (node, what) => set('direct', take.flag(node, what)),
    data: (node, what) => set('data', readData(take, node, what)),
    mounts: (node, what) => set('mounts', take.texts(node, what)),
    environment: (node, what) => set('environment', readEnvironment(take, node, what)),
    prefixes: (node, what) => set('prefixes', take.texts(node, what)),
    files: (node, what) =>
      set(
        'files',
        take.list(node, what, (item, at) => readFile(take, item, at)),
      ),
    prepare: (node, what) =>
      set(
        'prepare',
        take.list(node, what, (item, at) => readStep(take, item, at)),
      ),
    command: (node, what) =>
      set(
        'command',
        take.list(node, what, (item, at) => readWords(take, item, at)),
      ),
    set: (node, what) => set('set', take.map(node, what)),
    ready: (node, what) => set('ready', take.texts(node, what)),
    stopSignal: (node, what) => set('stopSignal', take.text(node, what)),
    after: (node, what) =>
      set(
        'after',
        take.list(node, what, (item, at) => readStep(take, item, at)),
      ),
  })
  for (const key of ['name', 'program', 'install'] as const) if (recipe[key] === '') reader.report(reader.root, 'recipe-missing', `${file} needs ${key}.`)
  if (recipe.images.length === 0) reader.report(reader.root, 'recipe-missing', `${file} needs images.`)
  const diagnostics: readonly Diagnostic[] = reader.diagnostics
  return diagnostics.length > 0 ? { diagnostics } : { value: recipe, diagnostics }
}

function emptyRecipe(): Recipe {
  const lists = { images: [], folders: [], ports: [], mounts: [], prefixes: [], files: [], prepare: [], command: [], after: [], privatePorts: [] }
  return { name: '', program: '', install: '', direct: false, environment: {}, set: {}, clients: {}, stopSignal: 'SIGTERM', ...lists }
}

type Takers = ReturnType<typeof takers>

/** Typed reading of nodes; what is wrong is a finding, and the rest is read all the same. */
function takers(reader: YamlReader) {
  const wrong = (node: YamlNode, message: string): undefined => reader.report(node, 'recipe-value', message) as undefined
  const text = (node: YamlNode, what: string): string | undefined => {
    const value = reader.scalar(node, what)
    if (value === undefined) return undefined
    return value === null || value === '' ? wrong(node, `${what} must be text that is not empty.`) : String(value)
  }
  const number = (node: YamlNode, what: string): number | undefined => {
    const value = reader.scalar(node, what)
    if (value === undefined) return undefined
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : wrong(node, `${what} must be a whole number.`)
  }
  return {
    wrong,
    text,
    number,
    kind: reader.kind,
    texts: (node: YamlNode, what: string) => (reader.items(node, what) ?? []).flatMap((item, i) => text(item, `${what}[${i}]`) ?? []),
    flag: (node: YamlNode, what: string) => {
      const value = reader.scalar(node, what)
      return typeof value === 'boolean' || value === undefined ? value : wrong(node, `${what} must be true or false.`)
    },
    list: <T>(node: YamlNode, what: string, read: (item: YamlNode, at: string) => T | undefined): readonly T[] =>
      (reader.items(node, what) ?? []).flatMap((item, i) => read(item, `${what}[${i}]`) ?? []),
    map: (node: YamlNode, what: string): Readonly<Record<string, string>> =>
      Object.fromEntries(
        (reader.entries(node, what) ?? []).flatMap(({ key, node: value }) => {
          const found = reader.scalar(value, `${what}.${key}`)
          return found === undefined ? [] : [[key, String(found ?? '')]]
        }),
      ),
    entries: (node: YamlNode, what: string) => reader.entries(node, what) ?? [],
    keys: (node: YamlNode, what: string, readers: Readers) => {
      for (const { key, keyNode, node: value } of reader.entries(node, what) ?? []) {
        if (Object.hasOwn(readers, key)) readers[key]?.(value, key)
        else reader.report(keyNode, 'recipe-unknown-key', unknownKey(key, Object.keys(readers), what))
      }
    },
  }
}

function readVersion(take: Takers, node: YamlNode, what: string): Recipe['version'] {
  const version = { arguments: ['--version'] as readonly string[], pattern: String.raw`(\d+(?:\.\d+)*)` }
  take.keys(node, what, {
    arguments: (value, at) => Object.assign(version, { arguments: take.texts(value, at) }),
    pattern: (value, at) => Object.assign(version, { pattern: take.text(value, at) ?? version.pattern }),
  })
  return version
}

/** `5432` is TCP; `{ port: 9090, protocol: http }` says otherwise. */
function readPorts(take: Takers, node: YamlNode, what: string): Recipe['ports'] {
  return take.list(node, what, (item, at) => {
    if (take.kind(item) === 'scalar') {
      const port = take.number(item, at)
      return port === undefined ? undefined : { port, protocol: 'tcp' as const }
    }
    let port: number | undefined
    let protocol: 'http' | 'tcp' = 'tcp'
    take.keys(item, at, {
      port: (value, where) => {
        port = take.number(value, where)
      },
      protocol: (value, where) => {
        const text = take.text(value, where)
        if (text === 'http' || text === 'tcp') protocol = text
        else take.wrong(value, `${where} must be http or tcp.`)
      },
    })
    return port === undefined ? undefined : { port, protocol }
  })
}

function readData(take: Takers, node: YamlNode, what: string): Recipe['data'] {
  const data: { folder: string; majorParts?: number; versionFile?: string } = { folder: '' }
  take.keys(node, what, {
    folder: (value, at) => Object.assign(data, { folder: take.text(value, at) ?? '' }),
    versionFile: (value, at) => Object.assign(data, { versionFile: take.text(value, at) ?? '' }),
    majorParts: (value, at) => Object.assign(data, { majorParts: take.number(value, at) ?? 1 }),
  })
  return data
}

function readEnvironment(take: Takers, node: YamlNode, what: string): Readonly<Record<string, RecipeVariable>> {
  return Object.fromEntries(
    take.entries(node, what).map(({ key, node: value }) => {
      const variable: Record<string, string> = {}
      const keep = (name: string) => (child: YamlNode, at: string) => Object.assign(variable, { [name]: take.text(child, at) ?? '' })
      if (take.kind(value) !== 'empty') take.keys(value, `${what}.${key}`, { default: keep('default'), required: keep('required'), unless: keep('unless') })
      return [key, variable]
    }),
  )
}

function readWhen(take: Takers, node: YamlNode, what: string): { readonly when?: string } {
  const when = take.text(node, what)
  if (when === undefined || /^(no )?(arguments|(env|mount) \S+)$/.test(when)) return when === undefined ? {} : { when }
  take.wrong(node, `${what} must be "env NAME", "mount /path" or "arguments", with "no" before it where it is the other way round.`)
  return {}
}

function readFile(take: Takers, node: YamlNode, what: string): RecipeFile {
  const file = { path: '', text: '', mode: 0o644 }
  take.keys(node, what, {
    path: (value, at) => Object.assign(file, { path: take.text(value, at) ?? '' }),
    text: (value, at) => Object.assign(file, { text: take.text(value, at) ?? '' }),
    mode: (value, at) => Object.assign(file, { mode: take.number(value, at) ?? file.mode }),
    from: (value, at) => Object.assign(file, { from: take.text(value, at) ?? '' }),
    replace: (value, at) => Object.assign(file, { replace: take.map(value, at) }),
    when: (value, at) => Object.assign(file, readWhen(take, value, at)),
  })
  return file
}

function readStep(take: Takers, node: YamlNode, what: string): RecipeStep {
  const step: { run: readonly string[] } = { run: [] }
  take.keys(node, what, {
    run: (value, at) => Object.assign(step, { run: take.texts(value, at) }),
    input: (value, at) => Object.assign(step, { input: take.text(value, at) ?? '' }),
    unless: (value, at) => Object.assign(step, { unless: take.text(value, at) ?? '' }),
    always: (value, at) => Object.assign(step, { always: take.flag(value, at) ?? false }),
    when: (value, at) => Object.assign(step, readWhen(take, value, at)),
    each: (value, at) => Object.assign(step, { each: { folder: '', ending: '', ...take.map(value, at) } }),
  })
  return step
}

/** A word alone, or `{ when, words }`. */
function readWords(take: Takers, node: YamlNode, what: string): RecipeWords | undefined {
  if (take.kind(node) === 'scalar') {
    const word = take.text(node, what)
    return word === undefined ? undefined : { words: [word] }
  }
  const words: { words: readonly string[] } = { words: [] }
  take.keys(node, what, {
    words: (value, at) => Object.assign(words, { words: take.texts(value, at) }),
    when: (value, at) => Object.assign(words, readWhen(take, value, at)),
  })
  return words
}
