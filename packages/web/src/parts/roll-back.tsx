// Back to an earlier release, and on to another environment: says what it will do, asks once.

import type { DeploymentSummary, EnvironmentView, ProjectView } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { shortCommit } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { Ask, type Question } from './ask.tsx'
import { DigestText, Time } from './basics.tsx'
import { type Earlier, earlierReleases } from './earlier.ts'
import { Modal } from './modal.tsx'
import { ReleaseText } from './releases.tsx'

interface Props {
  readonly environment: EnvironmentView
  readonly onDone: () => void
}

export function RollBack({ environment, onDone }: Props) {
  const [open, setOpen] = useState(false)
  const [question, setQuestion] = useState<Question | undefined>()
  const earlier = earlierReleases(environment.deployments, environment.release?.id)
  const choose = ({ release }: Earlier) => {
    setOpen(false)
    setQuestion({
      title: `Roll ${environment.name} back to #${release.number}?`,
      says: `Release #${release.number} (${shortCommit(release.commit)}) takes the place of ${environment.release ? `#${environment.release.number}` : 'what runs'} with its own images, configuration and secret versions. It starts beside it and then takes all traffic at once. A rollout under way is given up first; no approval is asked.`,
      verb: `Roll back to #${release.number}`,
      danger: true,
      run: async () => {
        await request(`/projects/${environment.project}/environments/${encodeURIComponent(environment.name)}/rollback`, {
          method: 'POST',
          body: { to: String(release.number) },
        })
        onDone()
      },
    })
  }
  return (
    <>
      <button
        type="button"
        disabled={earlier.length === 0}
        title={earlier.length === 0 ? 'No earlier release ran here' : undefined}
        onClick={() => setOpen(true)}
      >
        Roll back to…
      </button>
      {open && (
        <Modal title={`Roll ${environment.name} back to`} onClose={() => setOpen(false)}>
          <ul class="rows">
            {earlier.map((one) => (
              <li key={one.release.id} class="row choice" data-row>
                <button type="button" class="plain row-main" onClick={() => choose(one)}>
                  <ReleaseText release={one.release} />
                </button>
                <span class="row-aside dim">
                  {one.release.services.map(({ name, digest }) => (
                    <DigestText key={name} digest={digest} />
                  ))}
                  <span>
                    live <Time at={one.at} />
                  </span>
                </span>
              </li>
            ))}
          </ul>
        </Modal>
      )}
      {question && <Ask question={question} onClose={() => setQuestion(undefined)} />}
    </>
  )
}

export function Promote({ environment, onDone }: Props) {
  const project = useResource<ProjectView>(`/projects/${environment.project}`)
  const [question, setQuestion] = useState<Question | undefined>()
  const others = (project.data?.environments ?? []).filter(({ name }) => name !== environment.name)
  const { release } = environment
  if (!release || others.length === 0) return null
  const ask = (to: string) =>
    setQuestion({
      title: `Promote #${release.number} to ${to}?`,
      says: `The digests that run in ${environment.name} are deployed to ${to}, by its rules: its branch, its approvals, its strategy.`,
      verb: `Promote to ${to}`,
      run: async () => {
        await request<DeploymentSummary>(`/projects/${environment.project}/promote`, { method: 'POST', body: { from: environment.name, to } })
        onDone()
      },
    })
  return (
    <>
      <select aria-label="Promote to another environment" value="" onChange={(event) => event.currentTarget.value !== '' && ask(event.currentTarget.value)}>
        <option value="">Promote to…</option>
        {others.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      {question && <Ask question={question} onClose={() => setQuestion(undefined)} />}
    </>
  )
}
