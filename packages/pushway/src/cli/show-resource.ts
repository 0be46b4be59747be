// What `get` does with any kind of thing: a list or one of it, once or again and again, in the form that was asked for.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Connection, ProjectConnection } from './connection.ts'
import { formatData, formatList, type OutputFormat, printList, printOne, type Shape } from './output.ts'
import type { Screen } from './screen.ts'
import { watch } from './watch.ts'

export interface Request<C extends Connection = ProjectConnection> {
  readonly at: C
  readonly name: string | undefined
  readonly limit: number
  readonly output: OutputFormat
  readonly watching: boolean
}

/** A kind of thing: how it is read and shown. `T` is one of a list, `V` one alone. */
interface Kind<T, V> {
  /** Plural first, then what else people call it. */
  readonly names: readonly string[]
  /** Of the server, not of a project. */
  readonly global?: boolean
  readonly shape: Shape<T>
  list(at: ProjectConnection, limit: number): Promise<readonly T[]>
  one(at: ProjectConnection, name: string): Promise<V>
  show(one: V, screen: Screen): string
  describe(one: V, screen: Screen): string
}

export interface Resource {
  readonly names: readonly string[]
  readonly global: boolean
  get(request: Request): Promise<void>
  describe(request: Request & { readonly name: string }): Promise<void>
}

/** Keeps a kind's types inside, so that one table holds them all. */
export function resource<T, V>(kind: Kind<T, V>): Resource {
  const one = (request: Request & { readonly name: string }, show: Kind<T, V>['show']) => {
    const read = () => kind.one(request.at, request.name)
    const name = `${kind.names[1]}/${request.name}`
    if (!request.watching) return read().then((value) => printOne(value, request.output, { name, describe: show }))
    return watchAll({ read, output: request.output, people: async (value, screen) => show(value, screen), name: () => name })
  }
  return {
    names: kind.names,
    global: kind.global === true,
    async get(request) {
      const { at, name, limit, output, watching } = request
      if (name !== undefined) return one({ ...request, name }, kind.show)
      const read = () => kind.list(at, limit)
      if (!watching) return printList(await read(), output, kind.shape)
      const people = (items: readonly T[], screen: Screen) => formatList(items, output, { shape: kind.shape, screen })
      return watchAll({ read, output, people, name: (items) => items.map(kind.shape.name).join('\n') })
    },
    describe: (request) => one(request, kind.describe),
  }
}

interface WatchAll<T> {
  readonly read: () => Promise<T>
  readonly output: OutputFormat
  readonly people: (value: T, screen: Screen) => Promise<string>
  readonly name: (value: T) => string
}

/** For programs: one JSON document a line, each time that it is another one. */
async function watchAll<T>({ read, output, people, name }: WatchAll<T>): Promise<void> {
  if (output === 'yaml') throw fail('usage', { problem: 'YAML has no end: -w can not show it.', hint: 'Use -o json with -w.' })
  const screenText = async (value: T, screen: Screen) => {
    if (output === 'name') return name(value)
    return output === 'json' ? (await formatData(value, 'json')).replace(/\n\s*/g, '') : people(value, screen)
  }
  await watch({ read, show: screenText, wide: output === 'wide' })
}
