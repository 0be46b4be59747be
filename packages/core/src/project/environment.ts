// One environment of pushway.yml.

import { type Demand, demands } from '../images/evidence.ts'
import type { Mutable } from '../text/mutable.ts'
import {
  bad,
  checkPath,
  type Field,
  notYet,
  readBoolean,
  readChoice,
  readDuration,
  readInteger,
  readKeys,
  readNamed,
  readPort,
  readText,
  readTexts,
} from './fields.ts'
import { defaultRolling, readStrategy, set } from './strategy.ts'
import type { ApprovalRule, EnvironmentConfig, ServiceHints } from './types.ts'

const day = 86_400_000

/** An environment with every default. */
export function emptyEnvironment(name: string, files: readonly string[]): EnvironmentConfig {
  return { name, runtime: 'process', files, publish: {}, services: {}, strategy: defaultRolling }
}

/** Keys of the design that are refused for now. */
const later = ['alerts', 'secrets', 'vars', 'resources']

/** Reads `environments.NAME`; `files` is the default when it names none. */
export function readEnvironment(field: Field, name: string, files: readonly string[]): EnvironmentConfig {
  const environment: Mutable<EnvironmentConfig> = { ...emptyEnvironment(name, files) }
  if (field.reader.kind(field.node) === 'empty') return environment
  readKeys(
    field,
    {
      branch: (value) => set(environment, 'branch', readBranch(value)),
      runtime: (value) => set(environment, 'runtime', readRuntime(value)),
      files: (value) => set(environment, 'files', readFiles(value)),
      publish: (value) => set(environment, 'publish', readPublish(value)),
      url: (value) => set(environment, 'url', readUrl(value)),
      services: (value) => set(environment, 'services', readServices(value)),
      verify: (value) => set(environment, 'verify', readVerify(value)),
      approval: (value) => set(environment, 'approval', readApproval(value)),
      require: (value) => set(environment, 'require', readRequire(value)),
      promote: (value) => set(environment, 'promote', readPromote(value)),
      strategy: (value) => set(environment, 'strategy', readStrategy(value)),
    },
    later,
  )
  return environment
}

/** Follows git's rules for branch names (git-check-ref-format). */
function readBranch(field: Field): string | undefined {
  const branch = readText(field)
  if (branch === undefined) return undefined
  const control = [...branch].some((char) => char.charCodeAt(0) < 33 || char.charCodeAt(0) === 127)
  const wrong = control || /[~^:?*[\]\\]|\.\.|@\{|\/\/|^[/.-]|[/.]$|\/\.|\.lock(\/|$)/.test(branch) || branch.startsWith('refs/')
  return wrong ? bad(field, `${field.path} must be one branch's name such as main, not "${branch}".`) : branch
}

function readRuntime(field: Field): 'process' | 'docker' | undefined {
  const runtime = readChoice(field, ['process', 'docker', 'kubernetes'])
  if (runtime !== 'kubernetes') return runtime
  notYet(field, `runtime: ${runtime}`)
  return undefined
}

function readFiles(field: Field): readonly string[] {
  return readTexts(field).filter((file) => {
    if (!checkPath(field, file)) return false
    if (/\.ya?ml$/.test(file)) return true
    notYet(field, `"${file}" (only compose files, *.yml or *.yaml, are read)`)
    return false
  })
}

function readPublish(field: Field): Record<number, number> {
  const publish: Record<number, number> = {}
  const taken = new Set<number>()
  for (const entry of readNamed(field)) {
    const inFile = /^\d{1,5}$/.test(entry.key) ? Number(entry.key) : 0
    const at: Field = { ...field, node: entry.node, path: `${field.path}.${entry.key}` }
    const port = readPort(at)
    if (inFile < 1 || inFile > 65_535)
      bad({ ...at, node: entry.keyNode }, `${field.path} maps the file's published ports to ports of this machine; "${entry.key}" is not a port.`)
    else if (port !== undefined && taken.has(port)) bad(at, `${at.path}: port ${port} is given twice.`)
    else if (port !== undefined) publish[inFile] = port
    if (port !== undefined) taken.add(port)
  }
  return publish
}

function readUrl(field: Field): string | undefined {
  const url = readText(field)
  if (url === undefined) return undefined
  return /^https?:\/\/[^\s/?#]+([/?#]\S*)?$/.test(url) ? url : bad(field, `${field.path} must be an address such as https://example.org, not "${url}".`)
}

function readServices(field: Field): Record<string, ServiceHints> {
  const services: Record<string, ServiceHints> = {}
  for (const entry of readNamed(field)) {
    const hints: Mutable<ServiceHints> = {}
    readKeys(
      { ...field, node: entry.node, path: `${field.path}.${entry.key}` },
      {
        port: (value) => set(hints, 'port', readPort(value)),
        ready: (value) => set(hints, 'ready', readHttpPath(value)),
        health: (value) => set(hints, 'health', readHttpPath(value)),
      },
    )
    services[entry.key] = hints
  }
  return services
}

function readHttpPath(field: Field): string | undefined {
  const path = readText(field)
  if (path === undefined || /^\/[^\s#]*$/.test(path)) return path
  return bad(field, `${field.path} must be a path such as /ready, not "${path}".`)
}

function readVerify(field: Field): { workflow: string } | undefined {
  if (field.reader.kind(field.node) === 'scalar') return readWorkflow(field)
  let verify: { workflow: string } | undefined
  readKeys(field, {
    workflow: (value) => {
      verify = readWorkflow(value)
    },
  })
  return verify ?? (field.reader.kind(field.node) === 'map' ? bad(field, `${field.path} must name its workflow: verify: { workflow: e2e.yml }.`) : undefined)
}

function readWorkflow(field: Field): { workflow: string } | undefined {
  const text = readText(field)
  if (text === undefined) return undefined
  const workflow = text.replace(/^(\.\/)?\.github\/workflows\//, '')
  if (/^[A-Za-z0-9._][A-Za-z0-9._-]*\.ya?ml$/.test(workflow)) return { workflow }
  return bad(field, `${field.path} must be a file in .github/workflows such as e2e.yml, not "${text}".`)
}

function readApproval(field: Field): ApprovalRule {
  const rule: Mutable<ApprovalRule> = { reviewers: [], required: 1, expiresMs: day, self: false }
  if (field.reader.kind(field.node) === 'empty') return rule
  if (field.reader.kind(field.node) === 'scalar') {
    const wanted = readBoolean(field)
    return wanted === false ? { ...rule, required: 0 } : rule
  }
  readKeys(field, {
    reviewers: (value) => set(rule, 'reviewers', readReviewers(value)),
    required: (value) => set(rule, 'required', readInteger(value, 1, 100)),
    expires: (value) => set(rule, 'expiresMs', readDuration(value)),
    self: (value) => set(rule, 'self', readBoolean(value)),
  })
  const people = new Set(rule.reviewers).size
  if (people > 0 && rule.required > people) bad(field, `${field.path} wants ${rule.required} approvals of ${people} reviewers: it could never be given.`)
  return rule
}

/** Names of users. A team has no members yet, so it could never approve. */
function readReviewers(field: Field): readonly string[] | undefined {
  const names = readTexts(field)
  for (const team of names?.filter((name) => name.startsWith('@')) ?? []) notYet(field, `The team ${team} as a reviewer`)
  return names?.filter((name) => !name.startsWith('@'))
}

function readRequire(field: Field): readonly Demand[] {
  const wanted: readonly Demand[] = (readTexts(field) ?? []).flatMap((text) => {
    const demand = demands.find((one) => one === text)
    return demand ?? bad(field, `${field.path} may hold ${demands.join(', ')}, not "${text}".`) ?? []
  })
  return demands.filter((demand) => wanted.includes(demand))
}

function readPromote(field: Field): { from: string; automatic: boolean } | undefined {
  let from: string | undefined
  let automatic = false
  if (field.reader.kind(field.node) === 'scalar') from = readText(field)
  else {
    readKeys(field, {
      from: (value) => {
        from = readText(value)
      },
      automatic: (value) => {
        automatic = readBoolean(value) ?? false
      },
    })
    if (from === undefined && field.reader.kind(field.node) === 'map') bad(field, `${field.path} must name an environment: promote: { from: staging }.`)
  }
  return from === undefined ? undefined : { from, automatic }
}
