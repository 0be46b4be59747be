// A pull request: what it merges, its runs, what it changes, what was said of it.

import type { PullView } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { shortCommit } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { Ask, type Question, useAct } from '../parts/ask.tsx'
import { Copy, ErrorBox, Section, Skeleton, Time } from '../parts/basics.tsx'
import { ChangedFiles } from '../parts/changed-files.tsx'
import { pullState, runState, StateMark } from '../parts/state.tsx'

export function PullPage({ project, number }: { readonly project: string; readonly number: number }) {
  const path = `/projects/${project}/pulls/${number}`
  const { data, error, reload } = useResource<PullView>(path, { topics: [`project:${project}`] })
  if (!data) return error ? <ErrorBox error={error} /> : <Skeleton lines={8} tall />
  return (
    <>
      <Head pull={data} path={path} onDone={reload} />
      <ErrorBox error={error} />
      {data.conflicts.length > 0 && <Conflicts pull={data} />}
      {data.body !== '' && <p class="boxed pull-text">{data.body}</p>}
      <Runs pull={data} />
      <Section title={`Commits (${data.commits.length})`}>
        <ul class="rows boxed">
          {data.commits.map((commit) => (
            <li key={commit.id} class="row" data-row>
              <Copy text={commit.id} shown={shortCommit(commit.id)} label="commit" />
              <span class="row-main">{commit.message}</span>
              <span class="row-aside dim">
                <span>{commit.author}</span>
                <Time at={commit.at} />
              </span>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={`Changed files (${data.files.length})`}>
        <ChangedFiles files={data.files} />
      </Section>
      <Thread pull={data} path={path} onDone={reload} />
    </>
  )
}

interface PartProps {
  readonly pull: PullView
  readonly path: string
  readonly onDone: () => void
}

function Head(props: PartProps) {
  const { pull } = props
  return (
    <header class="page-head">
      <div class="grow">
        <h1>
          <span class="num dim">#{pull.number}</span> {pull.title} <StateMark {...pullState(pull)} />
        </h1>
        <p class="facts dim">
          <span>
            <span class="tag">{pull.fork === undefined ? pull.head.ref : `${pull.fork}:${pull.head.ref}`}</span> into <span class="tag">{pull.base.ref}</span>
          </span>
          <span>by {pull.by}</span>
          <Time at={pull.createdAt} />
          {pull.labels.map((label) => (
            <span key={label} class="tag">
              {label}
            </span>
          ))}
          {pull.mergeCommit && (
            <span>
              merged by {pull.mergedBy} as <Copy text={pull.mergeCommit} shown={shortCommit(pull.mergeCommit)} label="commit" />
            </span>
          )}
        </p>
      </div>
      <Controls {...props} />
    </header>
  )
}

function Controls({ pull, path, onDone }: PartProps) {
  const [question, setQuestion] = useState<Question | undefined>()
  const { act, busy, error, dismiss } = useAct()
  const send = async (verb: string, body: unknown = {}) => {
    await request(`${path}/${verb}`, { method: 'POST', body })
    onDone()
  }
  const merge = (method: 'merge' | 'squash'): Question => ({
    title: `Merge #${pull.number} into ${pull.base.ref}?`,
    says: `${pull.commits.length} commit${pull.commits.length === 1 ? '' : 's'} of ${pull.head.ref} ${method === 'squash' ? 'become one' : 'are merged'}; workflows of a push to ${pull.base.ref} start.`,
    verb: method === 'squash' ? 'Squash and merge' : 'Merge',
    run: () => send('merge', { method, sha: pull.head.sha }),
  })
  if (pull.state === 'merged') return null
  const mergeable = pull.mergeable === true && !pull.draft
  return (
    <div>
      <div class="actions">
        {pull.state === 'open' && (
          <>
            <button type="button" class="primary" disabled={busy || !mergeable} onClick={() => setQuestion(merge('merge'))}>
              Merge…
            </button>
            <button type="button" disabled={busy || !mergeable} onClick={() => setQuestion(merge('squash'))}>
              Squash…
            </button>
            <button type="button" disabled={busy} onClick={() => void act(() => send('close'))}>
              Close
            </button>
          </>
        )}
        {pull.state === 'closed' && (
          <button type="button" disabled={busy} onClick={() => void act(() => send('reopen'))}>
            Reopen
          </button>
        )}
        {pull.state === 'open' && pull.draft && (
          <button type="button" disabled={busy} onClick={() => void act(() => request(path, { method: 'PUT', body: { draft: false } }).then(onDone))}>
            Ready to be merged
          </button>
        )}
      </div>
      <ErrorBox error={error} onDismiss={dismiss} />
      {question && <Ask question={question} onClose={() => setQuestion(undefined)} />}
    </div>
  )
}

function Conflicts({ pull }: { readonly pull: PullView }) {
  return (
    <div class="error-box" role="alert">
      <div class="error-text">
        <p>
          <strong>It can’t be merged: both sides changed these files.</strong> No workflow of <code>pull_request</code> runs until they are brought together.
        </p>
        <ul class="findings mono">
          {pull.conflicts.map((path) => (
            <li key={path}>{path}</li>
          ))}
        </ul>
        <p class="dim">
          Merge {pull.base.ref} into {pull.head.ref}, and push.
        </p>
      </div>
    </div>
  )
}

function Runs({ pull }: { readonly pull: PullView }) {
  return (
    <Section title="Checks">
      {pull.runs.length === 0 && <p class="dim">No workflow has run for it.</p>}
      {pull.runs.length > 0 && (
        <ul class="rows boxed">
          {pull.runs.map((run) => (
            <li key={run.id} class="row" data-row>
              <StateMark {...runState(run)} />
              <a class="row-main" href={`/${run.project}/runs/${run.number}`}>
                {run.workflowName}
              </a>
              <span class="row-text dim">{run.why?.sentence ?? run.event}</span>
              <span class="row-aside dim">
                <Time at={run.createdAt} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

function Thread({ pull, path, onDone }: PartProps) {
  const [text, setText] = useState('')
  const { act, busy, error, dismiss } = useAct()
  const submit = (event: Event) => {
    event.preventDefault()
    return act(async () => {
      await request(`${path}/comments`, { method: 'POST', body: { body: text } })
      setText('')
      onDone()
    })
  }
  return (
    <Section title="Comments">
      {pull.thread.map((comment) => (
        <article key={comment.id} class="boxed pull-text">
          <p class="facts dim">
            <span>{comment.by}</span>
            <Time at={comment.at} />
          </p>
          <p>{comment.body}</p>
        </article>
      ))}
      <form class="stack" onSubmit={submit}>
        <label class="field">
          <span>Comment</span>
          <textarea rows={2} required value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <ErrorBox error={error} onDismiss={dismiss} />
        <div class="actions end">
          <button type="submit" disabled={busy || text.trim() === ''}>
            Comment
          </button>
        </div>
      </form>
    </Section>
  )
}
