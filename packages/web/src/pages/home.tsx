// Home: each project's newest way, and what its environments run.

import type { ProjectView } from '@pushway/core/views/types.ts'
import { useResource } from '../lib/resource.ts'
import { ErrorBox, Skeleton } from '../parts/basics.tsx'
import { Lane } from '../parts/lane.tsx'
import { EnvironmentRow } from '../parts/releases.tsx'
import { TeachFirstPush } from '../parts/teach.tsx'
import { waysOf } from '../parts/way.ts'

const topics = ['all']

export function HomePage() {
  const { data, error } = useResource<readonly ProjectView[]>('/projects', { topics })
  return (
    <>
      <h1>Projects</h1>
      <ErrorBox error={error} />
      {!data && !error && <Skeleton lines={3} tall />}
      {data?.length === 0 && <TeachFirstPush />}
      <div class="cards">
        {data?.map((project) => (
          <ProjectCard key={project.name} project={project} />
        ))}
      </div>
    </>
  )
}

function ProjectCard({ project }: { readonly project: ProjectView }) {
  const names = project.environments.map(({ name }) => name)
  const [way] = waysOf(project.lanes, names)
  return (
    <article class="card">
      <header class="card-head">
        <h2>
          <a href={`/${project.name}`} data-row>
            {project.name}
          </a>
        </h2>
      </header>
      {way ? <Lane way={way} project={project.name} /> : <p class="dim">Nothing has been pushed yet.</p>}
      {project.environments.length > 0 && (
        <ul class="rows">
          {project.environments.map((environment) => (
            <EnvironmentRow key={environment.name} environment={environment} />
          ))}
        </ul>
      )}
    </article>
  )
}
