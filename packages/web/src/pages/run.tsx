// A run: its jobs as a graph, beside the log of the chosen one.

import type { ArtifactView, JobView, RunView } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { Graph } from '../graph/graph.tsx'
import { request } from '../lib/api.ts'
import { formatSize, shortCommit, shortRef } from '../lib/format.ts'
import { place, replaceHash } from '../lib/navigate.ts'
import { useResource } from '../lib/resource.ts'
import { environmentHref, formatLogPlace, parseLogPlace } from '../lib/router.ts'
import { LogView } from '../log/view.tsx'
import { Ask, type Question, useAct } from '../parts/ask.tsx'
import { Copy, DigestText, ErrorBox, Length, Skeleton, Time } from '../parts/basics.tsx'
import { chooseJob } from '../parts/choose-job.ts'
import { jobState, runState, StateIcon, StateMark } from '../parts/state.tsx'

export function RunPage({ project, number }: { readonly project: string; readonly number: number }) {
  const path = `/projects/${project}/runs/${number}`
  const [id, setId] = useState<string | undefined>()
  const { data, error, reload } = useResource<RunView>(path, { topics: [id === undefined ? `project:${project}` : `run:${id}`] })
  if (data && data.id !== id) setId(data.id)
  if (!data) return error ? <ErrorBox error={error} /> : <Skeleton lines={8} tall />
  const job = chooseJob(data.jobs, parseLogPlace(place.value.hash)?.job)
  return (
    <>
      <Head run={data} onDone={reload} chosen={job} />
      <ErrorBox error={error} />
      {data.problems.length > 0 && <Problems problems={data.problems} />}
      {data.jobs.length > 0 && (
        <div class="run">
          <aside class="run-side" aria-label="Jobs">
            <Graph jobs={data.jobs} chosen={job?.key} onChoose={(key) => replaceHash(formatLogPlace({ job: key }))} />
            {job && <JobFacts job={job} project={project} />}
            <Images run={data} />
            <Artifacts run={data} path={path} />
          </aside>
          {job && <LogView key={`${job.key} ${job.attempt}`} job={job} address={`${path}/jobs/${encodeURIComponent(job.key)}/log`} />}
        </div>
      )}
    </>
  )
}

function Head({ run, chosen, onDone }: { readonly run: RunView; readonly chosen: JobView | undefined; readonly onDone: () => void }) {
  return (
    <header class="page-head">
      <div class="grow">
        <h1>
          <span class="num dim">#{run.number}</span> {run.title} <StateMark {...runState(run)} />
        </h1>
        <p class="facts dim">
          <span>{run.workflowName}</span>
          <span>
            <span class="tag">{shortRef(run.ref)}</span> <Copy text={run.sha} shown={shortCommit(run.sha)} label="commit" />
          </span>
          <span>
            {run.event} by {run.actor}
          </span>
          <Time at={run.createdAt} />
          <Length from={run.createdAt} to={run.finishedAt} />
        </p>
      </div>
      <Controls run={run} chosen={chosen} onDone={onDone} />
    </header>
  )
}

function Controls({ run, chosen, onDone }: { readonly run: RunView; readonly chosen: JobView | undefined; readonly onDone: () => void }) {
  const [question, setQuestion] = useState<Question | undefined>()
  const { act, busy, error, dismiss } = useAct()
  const path = `/projects/${run.project}/runs/${run.number}`
  const [debug, setDebug] = useState(false)
  const rerun = (which: unknown) =>
    act(async () => {
      await request(`${path}/rerun`, { method: 'POST', body: { which, debug } })
      onDone()
    })
  const cancel: Question = {
    title: run.cancelling ? `Kill run #${run.number}?` : `Cancel run #${run.number}?`,
    says: run.cancelling
      ? 'Jobs are killed at once, without their cleanup. What was deployed stays.'
      : 'Jobs that run are stopped; jobs that wait do not start. What was deployed stays.',
    verb: run.cancelling ? 'Kill the run' : 'Cancel the run',
    danger: true,
    run: async () => {
      await request(`${path}/cancel`, { method: 'POST', body: {} })
      onDone()
    },
  }
  const failed = run.jobs.some(({ conclusion }) => conclusion === 'failure' || conclusion === 'timed_out' || conclusion === 'cancelled')
  return (
    <div>
      <div class="actions">
        {run.why?.code === 'waiting-for-run-approval' && (
          <button
            type="button"
            class="primary"
            disabled={busy}
            onClick={() => void act(() => request(`${path}/approve`, { method: 'POST', body: {} }).then(onDone))}
          >
            Approve
          </button>
        )}
        {run.status !== 'finished' && (
          <button type="button" class="danger" onClick={() => setQuestion(cancel)}>
            {run.cancelling ? 'Kill…' : 'Cancel…'}
          </button>
        )}
        {run.status === 'finished' && run.jobs.length > 0 && (
          <>
            {failed && (
              <button type="button" class="primary" disabled={busy} onClick={() => void rerun('failed')}>
                Re-run failed
              </button>
            )}
            <button type="button" disabled={busy} onClick={() => void rerun('all')}>
              Re-run all
            </button>
            {chosen && (
              <button type="button" disabled={busy} onClick={() => void rerun({ job: chosen.key })}>
                Re-run {chosen.name}
              </button>
            )}
            <label class="check">
              <input type="checkbox" checked={debug} onChange={() => setDebug(!debug)} /> with debug log
            </label>
          </>
        )}
      </div>
      <ErrorBox error={error} onDismiss={dismiss} />
      {question && <Ask question={question} onClose={() => setQuestion(undefined)} />}
    </div>
  )
}

function Problems({ problems }: { readonly problems: readonly string[] }) {
  return (
    <div class="error-box" role="alert">
      <StateIcon tone="failed" />
      <div class="error-text">
        <p>
          <strong>The workflow was refused; nothing ran.</strong> Mend these and push again.
        </p>
        <ul class="findings mono">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      </div>
    </div>
  )
}

function JobFacts({ job, project }: { readonly job: JobView; readonly project: string }) {
  const outputs = Object.entries(job.outputs)
  if (!job.why && outputs.length === 0 && job.environment === undefined && job.attempt === 1) return null
  return (
    <section class="job-facts" aria-label={`Job ${job.name}`}>
      <h2>
        <StateIcon tone={jobState(job).tone} /> {job.name}
      </h2>
      {job.why && <p class="dim">{job.why.sentence}</p>}
      <dl class="facts-list">
        {job.environment !== undefined && (
          <div>
            <dt>Environment</dt>
            <dd>
              <a href={environmentHref(project, job.environment)}>{job.environment}</a>
              {job.environmentUrl !== undefined && /^https?:\/\//.test(job.environmentUrl) && (
                <>
                  {' '}
                  <a class="mono small" href={job.environmentUrl} rel="noreferrer">
                    {job.environmentUrl}
                  </a>
                </>
              )}
            </dd>
          </div>
        )}
        {job.deployment !== undefined && (
          <div>
            <dt>Deployment</dt>
            <dd>
              <a href={`/deployments/${job.deployment}`}>{job.phase === 'waiting' ? 'Look at it and decide' : 'Look at it'}</a>
            </dd>
          </div>
        )}
        {job.attempt > 1 && (
          <div>
            <dt>Attempt</dt>
            <dd class="num">{job.attempt}</dd>
          </div>
        )}
        {outputs.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="mono small wrap">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Images({ run }: { readonly run: RunView }) {
  if (run.images.length === 0) return null
  return (
    <section class="job-facts" aria-label="Images">
      <h2>Images</h2>
      <ul class="plain-list">
        {run.images.map((image) => (
          <li key={`${image.digest} ${image.tag}`}>
            <span class="mono small wrap">
              {image.repository}
              {image.tag !== undefined && `:${image.tag}`}
            </span>{' '}
            <DigestText digest={image.digest} />
          </li>
        ))}
      </ul>
    </section>
  )
}

/** What the jobs have kept for others, the newest of each name first; loaded with the run, which changes with each of its steps. */
function Artifacts({ run, path }: { readonly run: RunView; readonly path: string }) {
  const { data, error } = useResource<readonly ArtifactView[]>(`${path}/artifacts`, { topics: [`run:${run.id}`] })
  if (error) return <ErrorBox error={error} />
  if (!data || data.length === 0) return null
  return (
    <section class="job-facts" aria-label="Artifacts">
      <h2>Artifacts</h2>
      <ul class="plain-list">
        {data.map((artifact) => (
          <li key={artifact.id}>
            <a href={`/api/v1${path}/artifacts/${artifact.id}`} download>
              {artifact.name}
            </a>{' '}
            <span class="num dim">{formatSize(artifact.size)}</span> {artifact.digest !== undefined && <DigestText digest={artifact.digest} />}
          </li>
        ))}
      </ul>
    </section>
  )
}
