// Signing in: with a password, or with the one-time token behind `#`, which is used at once.

import { useEffect, useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { navigate, place } from '../lib/navigate.ts'
import { me, nextAddress, signIn } from '../lib/session.ts'
import { useAct } from '../parts/ask.tsx'
import { ErrorBox } from '../parts/basics.tsx'

export function SignInPage() {
  const [token] = useState(place.value.hash.slice(1))
  const [fresh, setFresh] = useState(false)
  const { act, busy, error, dismiss } = useAct()
  useEffect(() => {
    if (token === '') return
    // A one-time token must not stay in the address.
    navigate(`/sign-in${place.value.search}`, { replace: true })
    void act(() => signIn({ token })).then(setFresh)
  }, [token])
  if (fresh) return <NewPassword />
  return (
    <main class="main narrow" id="main">
      <h1>Sign in</h1>
      {token !== '' && busy ? <p class="dim">Signing in with the one-time address…</p> : <PasswordForm busy={busy} act={act} />}
      <ErrorBox error={error} onDismiss={dismiss} />
      {me.value && (
        <p class="dim">
          You are signed in as {me.value.name}. <a href={nextAddress(place.value.search)}>Go on</a>
        </p>
      )}
      <p class="dim small">
        No account? An administrator makes one with <code>pushway user create NAME</code> or on the users page; it comes with an address that signs you in once.
      </p>
    </main>
  )
}

function PasswordForm({ busy, act }: { readonly busy: boolean; readonly act: (run: () => Promise<unknown>) => Promise<boolean> }) {
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const submit = async (event: Event) => {
    event.preventDefault()
    if (await act(() => signIn({ user, password }))) navigate(nextAddress(place.value.search), { replace: true })
  }
  return (
    <form class="form" onSubmit={submit}>
      <label class="field">
        <span>User</span>
        <input name="user" autoComplete="username" required value={user} onInput={(event) => setUser(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>Password</span>
        <input
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" disabled={busy}>
        Sign in
      </button>
    </form>
  )
}

/** After a one-time address: a password for the next time. */
function NewPassword() {
  return (
    <main class="main narrow" id="main">
      <h1>Welcome{me.value ? `, ${me.value.name}` : ''}</h1>
      <p>You are signed in. The address you used works only once: set a password for the next time.</p>
      <PasswordSetter onDone={() => navigate(nextAddress(place.value.search), { replace: true })} />
      <p>
        <a href={nextAddress(place.value.search)}>Not now</a>
      </p>
    </main>
  )
}

/** Sets one's own password. */
export function PasswordSetter({ onDone }: { readonly onDone: () => void }) {
  const [password, setPassword] = useState('')
  const { act, busy, error, dismiss } = useAct()
  const submit = async (event: Event) => {
    event.preventDefault()
    if (!(await act(() => request('/me/password', { method: 'PUT', body: { password } })))) return
    setPassword('')
    onDone()
  }
  return (
    <form class="form" onSubmit={submit}>
      <label class="field">
        <span>New password, at least 10 characters</span>
        <input
          name="new-password"
          type="password"
          autoComplete="new-password"
          minLength={10}
          required
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <ErrorBox error={error} onDismiss={dismiss} />
      <button type="submit" class="primary" disabled={busy}>
        Set password
      </button>
    </form>
  )
}
