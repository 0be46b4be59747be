// Who is signed in.

import { effect, signal } from '@preact/signals'
import { type ApiError, request, signInAsked, toApiError } from './api.ts'
import { stopLive } from './live.ts'
import { navigate } from './navigate.ts'
import { forgetResources } from './resource.ts'

export interface Me {
  readonly name: string
  readonly admin: boolean
}

/** Undefined: not asked yet; null: nobody. */
export const me = signal<Me | null | undefined>(undefined)
export const sessionError = signal<ApiError | undefined>(undefined)

// A session that ended elsewhere ends here too.
effect(() => {
  if (!signInAsked.value || !me.peek()) return
  stopLive()
  forgetResources()
  me.value = null
})

/** Asks the server who we are. */
export async function loadSession(): Promise<void> {
  try {
    me.value = await request<Me>('/me')
    sessionError.value = undefined
  } catch (error) {
    const known = toApiError(error)
    if (known.status === 401) me.value = null
    else sessionError.value = known
  }
}

/** Where to go after signing in: only addresses of this site. */
export function nextAddress(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '/'
  return /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/'
}

export async function signIn(credentials: { token: string } | { user: string; password: string }): Promise<void> {
  await request('/sign-in', { method: 'POST', body: credentials })
  signInAsked.value = false
  forgetResources()
  await loadSession()
}

export async function signOut(): Promise<void> {
  await request('/sign-out', { method: 'POST' })
  stopLive()
  forgetResources()
  me.value = null
  navigate('/sign-in')
}
