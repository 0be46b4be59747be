// Who may do what on a project.

import type { Role } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { matchesQuery } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { useAct } from './ask.tsx'
import { ErrorBox, Section, Skeleton } from './basics.tsx'
import { useFilter } from './filter.tsx'

interface Member {
  readonly user: string
  readonly role: Role
}

const roles: readonly { readonly role: Role; readonly says: string }[] = [
  { role: 'read', says: 'read: looks' },
  { role: 'write', says: 'write: pushes, deploys, approves' },
  { role: 'admin', says: 'admin: also members and the webhook' },
]

export function Members({ project }: { readonly project: string }) {
  const path = `/projects/${project}/members`
  const { data, error, reload } = useResource<readonly Member[]>(path)
  const { act, busy, error: failed, dismiss } = useAct()
  const query = useFilter()
  const found = (data ?? []).filter(({ user, role }) => matchesQuery(query, [user, role]))
  const set = (user: string, role: string) =>
    act(async () => {
      const address = `${path}/${encodeURIComponent(user)}`
      await (role === '' ? request(address, { method: 'DELETE' }) : request(address, { method: 'PUT', body: { role } }))
      reload()
    })
  return (
    <Section title="Members">
      <ErrorBox error={error} />
      <ErrorBox error={failed} onDismiss={dismiss} />
      {!data && !error && <Skeleton lines={2} />}
      {found.length > 0 && (
        <ul class="rows boxed">
          {found.map((member) => (
            <li key={member.user} class="row" data-row>
              <span class="row-main">{member.user}</span>
              <span class="row-aside">
                <select
                  aria-label={`Role of ${member.user}`}
                  value={member.role}
                  disabled={busy}
                  onChange={(event) => void set(member.user, event.currentTarget.value)}
                >
                  {roles.map(({ role, says }) => (
                    <option key={role} value={role}>
                      {says}
                    </option>
                  ))}
                  <option value="">none: is no member any more</option>
                </select>
              </span>
            </li>
          ))}
        </ul>
      )}
      <NewMember busy={busy} onAdd={(user) => set(user, 'write')} />
    </Section>
  )
}

function NewMember({ busy, onAdd }: { readonly busy: boolean; readonly onAdd: (user: string) => Promise<boolean> }) {
  const [user, setUser] = useState('')
  const submit = async (event: Event) => {
    event.preventDefault()
    if (await onAdd(user)) setUser('')
  }
  return (
    <form class="form-line" onSubmit={submit}>
      <label class="field">
        <span>User</span>
        <input value={user} required autoComplete="off" onInput={(event) => setUser(event.currentTarget.value)} />
      </label>
      <button type="submit" disabled={busy}>
        Add as writer
      </button>
    </form>
  )
}
