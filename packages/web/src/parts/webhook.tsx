// The webhook of a project that is mirrored from elsewhere.

import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { useResource } from '../lib/resource.ts'
import { useAct } from './ask.tsx'
import { Command, ErrorBox, Section, Skeleton } from './basics.tsx'

interface WebhookView {
  readonly url: string
  readonly remote: string | null
  /** Only when one was made just now. */
  readonly secret?: string
}

export function Webhook({ project, admin }: { readonly project: string; readonly admin: boolean }) {
  const path = `/projects/${project}/webhook`
  const { data, error, reload } = useResource<WebhookView>(path)
  const [remote, setRemote] = useState('')
  const [made, setMade] = useState<string | undefined>()
  const { act, busy, error: failed, dismiss } = useAct()
  const submit = async (event: Event) => {
    event.preventDefault()
    await act(async () => {
      setMade((await request<WebhookView>(path, { method: 'PUT', body: { remote } })).secret)
      reload()
    })
  }
  // Who may not administer the project has no use for it.
  if (!admin && error?.status === 403) return null
  return (
    <Section title="Webhook">
      <p class="dim">For a repository that lives on GitHub: its pushes are fetched from the remote and run here.</p>
      <ErrorBox error={error} />
      {!data && !error && <Skeleton lines={2} />}
      {data && (
        <>
          <Command text={data.url} />
          <p class="dim">{data.remote === null ? 'No remote is set: deliveries are refused.' : `Commits are fetched from ${data.remote}.`}</p>
        </>
      )}
      {made !== undefined && (
        <div class="notice" role="status">
          <p>The secret of the webhook, shown only now:</p>
          <Command text={made} />
        </div>
      )}
      <form class="form-line" onSubmit={submit}>
        <label class="field grow">
          <span>Remote</span>
          <input value={remote} required placeholder="https://github.com/acme/hello.git" onInput={(event) => setRemote(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={busy}>
          Set remote and make a secret
        </button>
      </form>
      <ErrorBox error={failed} onDismiss={dismiss} />
    </Section>
  )
}
