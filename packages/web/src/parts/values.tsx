// Secrets, which can be set and never read, and variables.

import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { matchesQuery } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { useAct } from './ask.tsx'
import { ErrorBox, Section, Skeleton } from './basics.tsx'
import { useFilter } from './filter.tsx'

interface Setting {
  readonly name: string
  readonly environment?: string
  readonly version?: number
  readonly value?: string
}

export function Secrets({ project }: { readonly project: string }) {
  return (
    <Values
      path={`/projects/${project}/secrets`}
      project={project}
      title="Secrets"
      says="Given to jobs as secrets.NAME and to services. A value can be set and never read; a new value is a new version, used from the next run or release on."
      secret
    />
  )
}

export function Variables({ project }: { readonly project: string }) {
  return <Values path={`/projects/${project}/variables`} project={project} title="Variables" says="Given to jobs as vars.NAME." secret={false} />
}

interface ValuesProps {
  readonly path: string
  readonly project: string
  readonly title: string
  readonly says: string
  readonly secret: boolean
}

function Values({ path, project, title, says, secret }: ValuesProps) {
  const { data, error, reload } = useResource<readonly Setting[]>(path, { topics: [`project:${project}`] })
  const query = useFilter()
  const found = (data ?? []).filter(({ name, environment, value }) => matchesQuery(query, [name, environment, value]))
  return (
    <Section title={title}>
      <p class="dim">{says}</p>
      <ErrorBox error={error} />
      {!data && !error && <Skeleton lines={2} />}
      {found.length > 0 && (
        <div class="table-box">
          <table>
            <thead>
              <tr>
                <th>Name</th>
                <th>Where</th>
                <th>{secret ? 'Version' : 'Value'}</th>
              </tr>
            </thead>
            <tbody>
              {found.map((setting) => (
                <tr key={`${setting.environment} ${setting.name}`} data-row>
                  <td class="mono">{setting.name}</td>
                  <td>{setting.environment ?? 'everywhere'}</td>
                  <td class={secret ? 'num' : 'mono wrap'}>{secret ? setting.version : setting.value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <NewValue path={path} secret={secret} onSet={reload} />
    </Section>
  )
}

function NewValue({ path, secret, onSet }: { readonly path: string; readonly secret: boolean; readonly onSet: () => void }) {
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  const [environment, setEnvironment] = useState('')
  const { act, busy, error, dismiss } = useAct()
  const submit = async (event: Event) => {
    event.preventDefault()
    const where = environment.trim() === '' ? '' : `?environment=${encodeURIComponent(environment.trim())}`
    if (!(await act(() => request(`${path}/${encodeURIComponent(name)}${where}`, { method: 'PUT', body: { value } })))) return
    setName('')
    setValue('')
    onSet()
  }
  return (
    <form class="form-line" onSubmit={submit}>
      <label class="field">
        <span>Name</span>
        <input
          class="mono"
          value={name}
          required
          autoComplete="off"
          spellcheck={false}
          placeholder={secret ? 'API_KEY' : 'REGION'}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <ValueField secret={secret} value={value} onValue={setValue} />
      <label class="field">
        <span>Environment</span>
        <input value={environment} placeholder="everywhere" autoComplete="off" onInput={(event) => setEnvironment(event.currentTarget.value)} />
      </label>
      <button type="submit" disabled={busy}>
        {secret ? 'Set secret' : 'Set variable'}
      </button>
      <ErrorBox error={error} onDismiss={dismiss} />
    </form>
  )
}

function ValueField({ secret, value, onValue }: { readonly secret: boolean; readonly value: string; readonly onValue: (value: string) => void }) {
  const onInput = (event: { readonly currentTarget: HTMLInputElement }) => onValue(event.currentTarget.value)
  return secret ? (
    <label class="field">
      <span>Value</span>
      <input name="value" type="password" required autoComplete="new-password" value={value} onInput={onInput} />
    </label>
  ) : (
    <label class="field">
      <span>Value</span>
      <input name="value" class="mono" autoComplete="off" value={value} onInput={onInput} />
    </label>
  )
}
