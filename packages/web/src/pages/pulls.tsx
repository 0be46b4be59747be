// The pull requests of a project, and the one that is opened here.

import type { PullSummary } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { matchesQuery } from '../lib/format.ts'
import { navigate } from '../lib/navigate.ts'
import { useResource } from '../lib/resource.ts'
import { useAct } from '../parts/ask.tsx'
import { Empty, ErrorBox, Skeleton, Time } from '../parts/basics.tsx'
import { FilterField, useFilter } from '../parts/filter.tsx'
import { Modal } from '../parts/modal.tsx'
import { pullState, StateMark } from '../parts/state.tsx'

export function PullsPage({ project }: { readonly project: string }) {
  const [state, setState] = useState<'open' | 'closed'>('open')
  const [opening, setOpening] = useState(false)
  const { data, error } = useResource<readonly PullSummary[]>(`/projects/${project}/pulls?state=${state}&limit=500`, { topics: [`project:${project}`] })
  const query = useFilter()
  const found = (data ?? []).filter((pull) => matchesQuery(query, [`#${pull.number}`, pull.title, pull.head.ref, pull.base.ref, pull.by, ...pull.labels]))
  return (
    <>
      <header class="page-head">
        <h1>Pull requests</h1>
        <FilterField label="Search pull requests" />
        <select aria-label="State" value={state} onChange={(event) => setState(event.currentTarget.value === 'closed' ? 'closed' : 'open')}>
          <option value="open">Open</option>
          <option value="closed">Closed</option>
        </select>
        <button type="button" class="primary" onClick={() => setOpening(true)}>
          New
        </button>
      </header>
      <ErrorBox error={error} />
      {!data && !error && <Skeleton lines={6} />}
      {data && found.length === 0 && (
        <Empty title={query === '' ? `No ${state} pull request` : 'No pull request has these words'}>
          {query === '' && state === 'open' && <p>Push a branch, then open one here or with pushway pr create.</p>}
        </Empty>
      )}
      {found.length > 0 && (
        <ul class="rows boxed">
          {found.map((pull) => (
            <PullRow key={pull.number} pull={pull} />
          ))}
        </ul>
      )}
      {opening && <NewPull project={project} onClose={() => setOpening(false)} />}
    </>
  )
}

function PullRow({ pull }: { readonly pull: PullSummary }) {
  return (
    <li class="row" data-row>
      <StateMark {...pullState(pull)} />
      <a class="row-main" href={`/${pull.project}/pulls/${pull.number}`}>
        <span class="num dim">#{pull.number}</span> {pull.title}
      </a>
      <span class="row-text dim">
        <span class="tag">{pull.fork === undefined ? pull.head.ref : `${pull.fork}:${pull.head.ref}`}</span> into <span class="tag">{pull.base.ref}</span>{' '}
        {pull.labels.map((label) => (
          <span key={label} class="tag">
            {label}
          </span>
        ))}
      </span>
      <span class="row-aside dim">
        <span>{pull.by}</span>
        <Time at={pull.updatedAt} />
      </span>
    </li>
  )
}

function NewPull({ project, onClose }: { readonly project: string; readonly onClose: () => void }) {
  const { act, busy, error, dismiss } = useAct()
  const submit = (event: Event) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const text = (name: string) => String(form.get(name) ?? '').trim()
    const base = text('base')
    const body = { title: text('title'), body: text('body'), head: text('head'), draft: form.has('draft'), ...(base === '' ? {} : { base }) }
    return act(async () => {
      const { number } = await request<PullSummary>(`/projects/${project}/pulls`, { method: 'POST', body })
      onClose()
      navigate(`/${project}/pulls/${number}`)
    })
  }
  return (
    <Modal title="New pull request" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <label class="field">
          <span>Branch to merge</span>
          <input name="head" required autocomplete="off" spellcheck={false} />
        </label>
        <label class="field">
          <span>
            Into <span class="dim">(the default branch, unless another one)</span>
          </span>
          <input name="base" autocomplete="off" spellcheck={false} />
        </label>
        <label class="field">
          <span>Title</span>
          <input name="title" required />
        </label>
        <label class="field">
          <span>
            Text <span class="dim">(optional)</span>
          </span>
          <textarea name="body" rows={3} />
        </label>
        <label>
          <input type="checkbox" name="draft" /> Not ready to be merged (draft)
        </label>
        <ErrorBox error={error} onDismiss={dismiss} />
        <div class="actions end">
          <button type="submit" class="primary" disabled={busy}>
            Open
          </button>
        </div>
      </form>
    </Modal>
  )
}
