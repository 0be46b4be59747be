// All environments of a project.

import type { EnvironmentView } from '@pushway/core/views/types.ts'
import { useResource } from '../lib/resource.ts'
import { Empty, ErrorBox, Skeleton } from '../parts/basics.tsx'
import { EnvironmentRow } from '../parts/releases.tsx'

export function EnvironmentsPage({ project }: { readonly project: string }) {
  const { data, error } = useResource<readonly EnvironmentView[]>(`/projects/${project}/environments`, { topics: [`project:${project}`] })
  return (
    <>
      <h1>Environments</h1>
      <ErrorBox error={error} />
      {!data && !error && <Skeleton lines={3} />}
      {data?.length === 0 && (
        <Empty title="No environment yet">
          <p>
            A job with <code>environment: staging</code> deploys there; <code>pushway.yml</code> says which files, which branch, and how.
          </p>
        </Empty>
      )}
      {data && data.length > 0 && (
        <ul class="rows boxed">
          {data.map((environment) => (
            <EnvironmentRow key={environment.name} environment={environment} />
          ))}
        </ul>
      )}
    </>
  )
}
