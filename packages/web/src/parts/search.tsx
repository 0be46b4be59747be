// Search over projects, environments, the present project's runs, and pages.

import type { ProjectView, RunSummary } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { matchesQuery, shortCommit, shortRef } from '../lib/format.ts'
import { closeOverlay } from '../lib/keys.ts'
import { navigate } from '../lib/navigate.ts'
import { useResource } from '../lib/resource.ts'
import { environmentHref } from '../lib/router.ts'
import { me } from '../lib/session.ts'
import { Modal } from './modal.tsx'

interface Target {
  readonly kind: string
  readonly text: string
  readonly more?: string
  readonly href: string
}

const MOST = 12

export function SearchDialog({ project }: { readonly project: string | undefined }) {
  const projects = useResource<readonly ProjectView[]>('/projects')
  const runs = useResource<readonly RunSummary[]>(project === undefined ? undefined : `/projects/${project}/runs?limit=200`)
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState(0)
  const close = () => closeOverlay('search')
  const all = [...pageTargets(project), ...projectTargets(projects.data ?? []), ...runTargets(runs.data ?? [])]
  const found = all.filter(({ kind, text, more }) => matchesQuery(query, [kind, text, more])).slice(0, MOST)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setChosen((at) => Math.max(0, Math.min(found.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1))))
    }
    const target = found[chosen]
    if (event.key === 'Enter' && target) {
      event.preventDefault()
      close()
      navigate(target.href)
    }
  }
  const onInput = (text: string) => {
    setQuery(text)
    setChosen(0)
  }
  return (
    <Modal title="Search" onClose={close}>
      <input
        type="search"
        class="wide"
        aria-label="Search"
        placeholder="A project, environment, run, commit, page…"
        // biome-ignore lint/a11y/noAutofocus: the dialog was opened to type here
        autoFocus
        value={query}
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <ul class="results">
        {found.map((target, index) => (
          <li key={`${target.kind} ${target.href}`}>
            <a href={target.href} class={index === chosen ? 'chosen' : ''} onClick={close}>
              <span class="kind">{target.kind}</span>
              <span class="text">{target.text}</span>
              <span class="dim">{target.more}</span>
            </a>
          </li>
        ))}
        {found.length === 0 && <li class="dim nothing">Nothing has these words.</li>}
      </ul>
    </Modal>
  )
}

function pageTargets(project: string | undefined): readonly Target[] {
  const own = project === undefined ? [] : ['runs', 'environments', 'timeline', 'images', 'settings']
  return [
    ...own.map((page) => ({ kind: 'page', text: page, more: project ?? '', href: `/${project}/${page}` })),
    { kind: 'page', text: 'home', href: '/' },
    { kind: 'page', text: 'timeline', more: 'of everything', href: '/timeline' },
    { kind: 'page', text: 'password and tokens', href: '/account' },
    ...(me.value?.admin ? [{ kind: 'page', text: 'users', href: '/users' }] : []),
  ]
}

function projectTargets(projects: readonly ProjectView[]): readonly Target[] {
  return projects.flatMap(({ name, environments }) => [
    { kind: 'project', text: name, href: `/${name}` },
    ...environments.map((environment) => ({
      kind: 'environment',
      text: environment.name,
      more: name,
      href: environmentHref(name, environment.name),
    })),
  ])
}

function runTargets(runs: readonly RunSummary[]): readonly Target[] {
  return runs.map((run) => ({
    kind: 'run',
    text: `#${run.number} ${run.title}`,
    more: `${shortRef(run.ref)} ${shortCommit(run.sha)} ${run.actor}`,
    href: `/${run.project}/runs/${run.number}`,
  }))
}
