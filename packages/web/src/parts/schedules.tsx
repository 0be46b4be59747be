// When scheduled workflows run next.

import type { ScheduleView } from '@pushway/core/views/types.ts'
import { useResource } from '../lib/resource.ts'
import { Section, Time } from './basics.tsx'

/** Nothing where no workflow has a schedule. */
export function Schedules({ project }: { readonly project: string }) {
  const { data } = useResource<readonly ScheduleView[]>(`/projects/${project}/schedules`, { topics: [`project:${project}`] })
  if (!data || data.length === 0) return null
  return (
    <Section title="Scheduled">
      <ul class="rows boxed">
        {data.map((schedule) => (
          <li key={`${schedule.file} ${schedule.cron} ${schedule.timezone}`} class="row" data-row>
            <span class="row-main">{schedule.file.split('/').at(-1)}</span>
            <span class="row-text dim">
              <code>{schedule.cron}</code> {schedule.timezone}
            </span>
            <span class="row-aside dim">
              {schedule.nextAt === undefined ? (
                'never'
              ) : (
                <span>
                  next <Time at={schedule.nextAt} />
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}
