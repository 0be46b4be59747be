// One's own password and tokens.

import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { useResource } from '../lib/resource.ts'
import { me } from '../lib/session.ts'
import { Ask, type Question, useAct } from '../parts/ask.tsx'
import { Command, ErrorBox, Section, Skeleton, Time } from '../parts/basics.tsx'
import { PasswordSetter } from './sign-in.tsx'

interface Token {
  readonly id: string
  readonly label: string
  readonly scope: 'read' | 'write'
  readonly project?: string
  readonly createdAt: number
  readonly expiresAt?: number
}

export function AccountPage() {
  const [saved, setSaved] = useState(false)
  const user = me.value?.name ?? ''
  return (
    <>
      <h1>{user}</h1>
      <Tokens user={user} />
      <Section title="Password">
        {saved && (
          <p class="notice" role="status">
            The new password holds from now on.
          </p>
        )}
        <PasswordSetter onDone={() => setSaved(true)} />
      </Section>
    </>
  )
}

function Tokens({ user }: { readonly user: string }) {
  const path = `/users/${encodeURIComponent(user)}/tokens`
  const { data, error, reload } = useResource<readonly Token[]>(path)
  const [question, setQuestion] = useState<Question | undefined>()
  const [made, setMade] = useState('')
  const show = (token: string) => {
    setMade(token)
    reload()
  }
  const revoke = (token: Token): Question => ({
    title: `Revoke ${token.label}?`,
    says: 'Whatever uses this token is refused from now on.',
    verb: 'Revoke',
    danger: true,
    run: async () => {
      await request(`${path}/${encodeURIComponent(token.id)}`, { method: 'DELETE' })
      reload()
    },
  })
  return (
    <Section title="Tokens">
      <p class="dim">A token is the password of git, of OCI clients and of scripts.</p>
      <ErrorBox error={error} />
      {made !== '' && (
        <div class="notice" role="status">
          <p>This token is shown only now.</p>
          <Command text={made} />
        </div>
      )}
      {!data && !error && <Skeleton lines={2} />}
      {data && data.length > 0 && (
        <ul class="rows boxed">
          {data.map((token) => (
            <TokenRow key={token.id} token={token} onRevoke={() => setQuestion(revoke(token))} />
          ))}
        </ul>
      )}
      <NewToken path={path} onMade={show} />
      {question && <Ask question={question} onClose={() => setQuestion(undefined)} />}
    </Section>
  )
}

function TokenRow({ token, onRevoke }: { readonly token: Token; readonly onRevoke: () => void }) {
  return (
    <li class="row" data-row>
      <span class="row-main">{token.label}</span>
      <span class="row-text dim">
        {token.scope === 'write' ? 'reads and writes' : 'reads'} {token.project ?? 'everything of yours'} · made <Time at={token.createdAt} />
        {token.expiresAt !== undefined && (
          <>
            {' '}
            · ends <Time at={token.expiresAt} />
          </>
        )}
      </span>
      <span class="row-aside">
        <button type="button" class="danger-text" onClick={onRevoke}>
          Revoke…
        </button>
      </span>
    </li>
  )
}

function NewToken({ path, onMade }: { readonly path: string; readonly onMade: (token: string) => void }) {
  const [label, setLabel] = useState('')
  const [scope, setScope] = useState('write')
  const { act, busy, error, dismiss } = useAct()
  const submit = async (event: Event) => {
    event.preventDefault()
    await act(async () => {
      onMade((await request<{ token: string }>(path, { method: 'POST', body: { label, scope } })).token)
      setLabel('')
    })
  }
  return (
    <form class="form-line" onSubmit={submit}>
      <label class="field">
        <span>New token for</span>
        <input value={label} required placeholder="git on my laptop" onInput={(event) => setLabel(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>It may</span>
        <select value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
          <option value="write">read and write</option>
          <option value="read">read</option>
        </select>
      </label>
      <button type="submit" class="primary" disabled={busy}>
        Make token
      </button>
      <ErrorBox error={error} onDismiss={dismiss} />
    </form>
  )
}
