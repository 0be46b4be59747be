// RUN: its command, its mounts, its network.

import { flagOf, type Reader, readCommand } from './forms.ts'
import { documentName, withDocuments } from './here-document.ts'
import type { Written } from './parse.ts'
import type { CommandForm, MountText } from './types.ts'

/** `RUN [--mount=…]… [--network=…] [--security=…] command`, with or without here-documents. */
export const readRun: Reader = (written, base) => {
  const command = readDocuments(written)
  const mounts = written.flags.filter(({ name }) => name === 'mount').map(({ value }) => readMount(written, value))
  const network = flagOf(written, 'network') ?? 'default'
  if (!['default', 'none', 'host'].includes(network)) written.report(`RUN --network=${network} must be default, none or host`)
  const security = flagOf(written, 'security') ?? 'sandbox'
  if (security !== 'sandbox') written.report(`RUN --security=${security} is refused: a RUN gets no rights over this machine`)
  const good = mounts.filter((mount) => mount !== undefined)
  if (command === undefined || good.length < mounts.length || security !== 'sandbox') return undefined
  const text = written.documents.length === 0 ? base.text : `${base.text} (${(written.documents[0]?.text.split('\n')[0] ?? '').trim()}…)`
  return { ...base, text, kind: 'run', command, mounts: good, network: network === 'none' ? 'none' : 'default' }
}

/**
 * `RUN <<EOF`: the text is for the shell, or a program when it begins with `#!`. `RUN command <<EOF`: all of it is for the shell, which knows
 * here-documents itself. Variables are the shell's to expand, as in Docker.
 */
function readDocuments(written: Written): CommandForm | undefined {
  const { documents, args } = written
  const [only] = documents
  if (only === undefined) return /^<<-?["']?\w/.test(args) ? undefined : readCommand(args)
  if (documents.length > 1 || documentName(args) === undefined) return { form: 'shell', line: withDocuments(args, documents) }
  if (only.text.trim() === '') {
    written.report(`the here-document <<${only.name} is empty`)
    return undefined
  }
  return { form: only.text.startsWith('#!') ? 'script' : 'shell', line: only.text }
}

const keysOf: Readonly<Record<MountText['type'], readonly string[]>> = {
  bind: ['target', 'source', 'from', 'rw'],
  cache: ['target', 'id', 'ro', 'sharing', 'from', 'source', 'mode', 'uid', 'gid'],
  tmpfs: ['target', 'size'],
  secret: ['target', 'id', 'required', 'mode', 'uid', 'gid', 'env'],
}
const aliases: Readonly<Record<string, string>> = { dst: 'target', destination: 'target', src: 'source', readwrite: 'rw', readonly: 'ro' }

/** `type=cache,target=/x,…`; values still have their variables. */
function readMount(written: Written, text: string): MountText | undefined {
  const pairs = text.split(',').map((part) => {
    const at = part.indexOf('=')
    const key = at < 0 ? part : part.slice(0, at)
    return [aliases[key] ?? key, at < 0 ? 'true' : part.slice(at + 1)] as const
  })
  const given = new Map(pairs)
  const type = given.get('type') ?? 'bind'
  const refuse = (why: string) => {
    written.report(`RUN --mount=${text}: ${why}`)
    return undefined
  }
  if (type === 'ssh') return refuse('ssh is refused: the embedded builder has no agent to forward; give the key as a secret')
  if (!(type in keysOf)) return refuse(`the type must be bind, cache, tmpfs or secret, not "${type}"`)
  const kind = type as MountText['type']
  // What is read-only by nature may say so.
  const known = [...keysOf[kind], 'type', ...(kind === 'bind' ? ['ro'] : []), ...(kind === 'cache' ? ['rw'] : [])]
  const unknown = [...given.keys()].find((key) => !known.includes(key))
  if (unknown !== undefined) return refuse(`${kind} has no option ${unknown}`)
  if (kind !== 'secret' && !given.get('target')) return refuse('it needs a target')
  if (kind === 'secret' && !given.get('target') && !given.get('id')) return refuse('it needs an id or a target')
  const sharing = given.get('sharing') ?? 'shared'
  if (!['shared', 'private', 'locked'].includes(sharing)) return refuse('sharing must be shared, private or locked')
  const bad = ['mode', 'uid', 'gid'].find((key) => given.has(key) && !/^\d+$/.test(given.get(key) ?? ''))
  if (bad !== undefined) return refuse(`${bad} must be a number`)
  return { type: kind, options: Object.fromEntries([...given].filter(([key]) => key !== 'type')) }
}
