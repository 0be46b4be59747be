// Settings of a project: secrets, variables, members, the webhook.

import { me } from '../lib/session.ts'
import { FilterField } from '../parts/filter.tsx'
import { Members } from '../parts/members.tsx'
import { Secrets, Variables } from '../parts/values.tsx'
import { Webhook } from '../parts/webhook.tsx'

export function SettingsPage({ project }: { readonly project: string }) {
  return (
    <>
      <header class="page-head">
        <h1>Settings</h1>
        <FilterField label="Search settings" />
      </header>
      <Secrets project={project} />
      <Variables project={project} />
      <Members project={project} />
      <Webhook project={project} admin={me.value?.admin === true} />
    </>
  )
}
