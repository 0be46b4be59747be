// A project: its environments, and the ways of its last releases under each other.

import type { ProjectView } from '@pushway/core/views/types.ts'
import { useResource } from '../lib/resource.ts'
import { Copy, ErrorBox, Section, Skeleton } from '../parts/basics.tsx'
import { Lane } from '../parts/lane.tsx'
import { EnvironmentRow } from '../parts/releases.tsx'
import { TeachPush } from '../parts/teach.tsx'
import { waysOf } from '../parts/way.ts'

export function ProjectPage({ project }: { readonly project: string }) {
  const { data, error } = useResource<ProjectView>(`/projects/${project}`, { topics: [`project:${project}`] })
  if (!data) return error ? <ErrorBox error={error} /> : <Skeleton lines={6} tall />
  const names = data.environments.map(({ name }) => name)
  const ways = waysOf(data.lanes, names)
  return (
    <>
      <header class="page-head">
        <h1>{project}</h1>
        <Copy text={data.cloneUrl} label="clone address" />
      </header>
      <ErrorBox error={error} />
      {data.environments.length > 0 && (
        <Section title="What runs">
          <ul class="rows boxed">
            {data.environments.map((environment) => (
              <EnvironmentRow key={environment.name} environment={environment} />
            ))}
          </ul>
        </Section>
      )}
      {ways.length === 0 ? (
        <TeachPush cloneUrl={data.cloneUrl} />
      ) : (
        <Section title="The way of the last releases">
          <ol class="lanes boxed">
            {ways.map((way) => (
              <li key={way.commit} data-row>
                <Lane way={way} project={project} />
              </li>
            ))}
          </ol>
        </Section>
      )}
    </>
  )
}
