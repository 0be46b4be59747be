// The runs of a project.

import type { RunSummary } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { matchesQuery, shortCommit, shortRef } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { Empty, ErrorBox, Length, Skeleton, Time } from '../parts/basics.tsx'
import { FilterField, useFilter } from '../parts/filter.tsx'
import { Schedules } from '../parts/schedules.tsx'
import { runState, StateMark } from '../parts/state.tsx'

const SHOWN = 100

export function RunsPage({ project }: { readonly project: string }) {
  const { data, error } = useResource<readonly RunSummary[]>(`/projects/${project}/runs?limit=1000`, { topics: [`project:${project}`] })
  const [most, setMost] = useState(SHOWN)
  const query = useFilter()
  const found = (data ?? []).filter((run) => matchesQuery(query, textsOf(run)))
  return (
    <>
      <header class="page-head">
        <h1>Runs</h1>
        <FilterField label="Search runs" />
      </header>
      <ErrorBox error={error} />
      <Schedules project={project} />
      {!data && !error && <Skeleton lines={8} />}
      {data && found.length === 0 && (
        <Empty title={query === '' ? 'No run yet' : 'No run has these words'}>
          {query === '' && (
            <p>
              A push of a branch that a file in <code>.github/workflows</code> names starts one.
            </p>
          )}
        </Empty>
      )}
      {found.length > 0 && (
        <ul class="rows boxed">
          {found.slice(0, most).map((run) => (
            <RunRow key={run.id} run={run} />
          ))}
        </ul>
      )}
      {found.length > most && (
        <button type="button" onClick={() => setMost(most + SHOWN)}>
          Show {SHOWN} more
        </button>
      )}
    </>
  )
}

function textsOf(run: RunSummary): readonly (string | undefined)[] {
  return [`#${run.number}`, run.title, run.workflowName, run.workflowFile, run.ref, run.sha, run.actor, run.event, run.conclusion, runState(run).word]
}

function RunRow({ run }: { readonly run: RunSummary }) {
  return (
    <li class="row run-row" data-row>
      <StateMark {...runState(run)} />
      <a class="row-main" href={`/${run.project}/runs/${run.number}`}>
        <span class="num dim">#{run.number}</span> {run.title}
      </a>
      <span class="row-text dim">
        {run.workflowName} · <span class="tag">{shortRef(run.ref)}</span> <code class="hash">{shortCommit(run.sha)}</code>
      </span>
      <span class="row-aside dim">
        <span>{run.actor}</span>
        <Length from={run.createdAt} to={run.finishedAt} />
        <Time at={run.createdAt} />
      </span>
    </li>
  )
}
