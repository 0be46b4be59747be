// Addresses of pages: which page an address means, and the address of each thing. Pure; the browser's side is in navigate.ts.

export type Page =
  | { readonly kind: 'home' }
  | { readonly kind: 'sign-in' }
  | { readonly kind: 'timeline' }
  | { readonly kind: 'users' }
  | { readonly kind: 'account' }
  | { readonly kind: 'deployment'; readonly id: string }
  | { readonly kind: 'project' | 'runs' | 'pulls' | 'project-timeline' | 'images' | 'settings' | 'environments'; readonly project: string }
  | { readonly kind: 'run' | 'pull'; readonly project: string; readonly number: number }
  | { readonly kind: 'image'; readonly project: string; readonly reference: string }
  | { readonly kind: 'environment'; readonly project: string; readonly environment: string }
  | { readonly kind: 'unknown'; readonly path: string }

const projectPages: Readonly<Record<string, 'runs' | 'pulls' | 'project-timeline' | 'images' | 'settings' | 'environments'>> = {
  runs: 'runs',
  pulls: 'pulls',
  timeline: 'project-timeline',
  images: 'images',
  settings: 'settings',
  environments: 'environments',
}

const plainPages: Readonly<Record<string, 'home' | 'sign-in' | 'timeline' | 'users' | 'account'>> = {
  '': 'home',
  'sign-in': 'sign-in',
  timeline: 'timeline',
  users: 'users',
  account: 'account',
}

/** The page of an address's path. */
export function matchPage(path: string): Page {
  const unknown: Page = { kind: 'unknown', path }
  const parts = decodeParts(path)
  if (!parts) return unknown
  const [first = '', second = '', third, fourth, ...rest] = parts
  if (parts.length <= 1) return Object.hasOwn(plainPages, first) ? { kind: plainPages[first] ?? 'home' } : unknown
  if (first === 'deployments' && parts.length === 2) return { kind: 'deployment', id: second }
  const project = `${first}/${second}`
  if (third === undefined) return { kind: 'project', project }
  if (rest.length > 0 || !Object.hasOwn(projectPages, third)) return unknown
  const kind = projectPages[third] ?? 'runs'
  if (fourth === undefined) return { kind, project }
  if (kind === 'runs' && /^[1-9]\d{0,9}$/.test(fourth)) return { kind: 'run', project, number: Number(fourth) }
  if (kind === 'pulls' && /^[1-9]\d{0,9}$/.test(fourth)) return { kind: 'pull', project, number: Number(fourth) }
  if (kind === 'images') return { kind: 'image', project, reference: fourth }
  if (kind === 'environments') return { kind: 'environment', project, environment: fourth }
  return unknown
}

function decodeParts(path: string): readonly string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent)
  } catch {
    return undefined
  }
}

/** The project a page is about, if any. */
export function projectOf(page: Page): string | undefined {
  return 'project' in page ? page.project : undefined
}

/** The address of an image's page. */
export function imageHref(project: string, digest: string): string {
  return `/${project}/images/${encodeURIComponent(digest)}`
}

/** The address of an environment's page. */
export function environmentHref(project: string, environment: string): string {
  return `/${project}/environments/${encodeURIComponent(environment)}`
}

/** A line of a job's log, as the part of an address behind `#`: `job:step:line`, or `job` alone. */
export interface LogPlace {
  readonly job: string
  readonly step?: number
  readonly line?: number
}

export function parseLogPlace(hash: string): LogPlace | undefined {
  const match = /^#?([^:#]+)(?::(-?\d{1,6}):(\d{1,9}))?$/.exec(hash)
  if (!match?.[1]) return undefined
  const [, job, step, line] = match
  try {
    return { job: decodeURIComponent(job), ...(step === undefined || line === undefined ? {} : { step: Number(step), line: Number(line) }) }
  } catch {
    return undefined
  }
}

export function formatLogPlace({ job, step, line }: LogPlace): string {
  const key = encodeURIComponent(job)
  return step === undefined || line === undefined ? `#${key}` : `#${key}:${step}:${line}`
}

/** An address that may be a link: http(s), or a path of this site; undefined for anything else. */
export function safeHref(href: string | undefined): string | undefined {
  if (href === undefined) return undefined
  if (/^https?:\/\//i.test(href)) return href
  return /^\/(?![/\\])/.test(href) ? href : undefined
}
