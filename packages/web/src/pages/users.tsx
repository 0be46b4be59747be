// The users of the installation, for administrators.

import type { UserView } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { matchesQuery } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { me } from '../lib/session.ts'
import { Ask, type Question, useAct } from '../parts/ask.tsx'
import { Command, ErrorBox, Section, Skeleton } from '../parts/basics.tsx'
import { FilterField, useFilter } from '../parts/filter.tsx'

interface SignInLink {
  readonly url: string
}

export function UsersPage() {
  const { data, error, reload } = useResource<readonly UserView[]>('/users')
  const [question, setQuestion] = useState<Question | undefined>()
  const [link, setLink] = useState<{ readonly user: string; readonly url: string } | undefined>()
  const query = useFilter()
  const found = (data ?? []).filter(({ name }) => matchesQuery(query, [name]))
  const show = (user: string, url: string) => {
    setLink({ user, url })
    reload()
  }
  const disable = (name: string): Question => ({
    title: `Disable ${name}?`,
    says: `${name} is signed out everywhere, and the tokens of ${name} stop working. What ${name} did stays in the timeline.`,
    verb: `Disable ${name}`,
    danger: true,
    run: async () => {
      await request(`/users/${encodeURIComponent(name)}`, { method: 'DELETE' })
      reload()
    },
  })
  const renew = (name: string): Question => ({
    title: `Make a sign-in address for ${name}?`,
    says: `Whoever opens the address is signed in as ${name}, once, within an hour. It is shown only now.`,
    verb: 'Make the address',
    run: async () => setLink({ user: name, url: (await request<SignInLink>(`/users/${encodeURIComponent(name)}/sign-in-link`, { method: 'POST' })).url }),
  })
  return (
    <>
      <header class="page-head">
        <h1>Users</h1>
        <FilterField label="Search users" />
      </header>
      <ErrorBox error={error} />
      {link && <ShownLink user={link.user} url={link.url} />}
      {!data && !error && <Skeleton lines={4} />}
      {found.length > 0 && (
        <ul class="rows boxed">
          {found.map((user) => (
            <li key={user.name} class="row" data-row>
              <span class="row-main">{user.name}</span>
              <span class="row-text dim">{user.admin ? 'administrator' : 'user'}</span>
              <span class="row-aside">
                <button type="button" onClick={() => setQuestion(renew(user.name))}>
                  Sign-in address…
                </button>
                {user.name !== me.value?.name && (
                  <button type="button" class="danger-text" onClick={() => setQuestion(disable(user.name))}>
                    Disable…
                  </button>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
      <NewUser onMade={show} />
      {question && <Ask question={question} onClose={() => setQuestion(undefined)} />}
    </>
  )
}

function ShownLink({ user, url }: { readonly user: string; readonly url: string }) {
  return (
    <div class="notice" role="status">
      <p>
        This address signs <strong>{user}</strong> in once. It is not shown again: hand it over now.
      </p>
      <Command text={url} />
    </div>
  )
}

function NewUser({ onMade }: { readonly onMade: (name: string, url: string) => void }) {
  const [name, setName] = useState('')
  const [admin, setAdmin] = useState(false)
  const { act, busy, error, dismiss } = useAct()
  const submit = async (event: Event) => {
    event.preventDefault()
    await act(async () => {
      const made = await request<{ user: UserView; signIn: SignInLink }>('/users', { method: 'POST', body: { name, admin } })
      onMade(made.user.name, made.signIn.url)
      setName('')
    })
  }
  return (
    <Section title="New user">
      <form class="form-line" onSubmit={submit}>
        <label class="field">
          <span>Name</span>
          <input value={name} required autoComplete="off" onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <label class="check">
          <input type="checkbox" checked={admin} onChange={(event) => setAdmin(event.currentTarget.checked)} /> Administrator
        </label>
        <button type="submit" class="primary" disabled={busy}>
          Create
        </button>
      </form>
      <ErrorBox error={error} onDismiss={dismiss} />
    </Section>
  )
}
