// What a release changes, rendered: what will run, service by service.

import type { ReleaseChange } from '@pushway/core/release/types.ts'
import type { EvidenceView } from '@pushway/core/views/types.ts'
import { SafeLink, Section } from './basics.tsx'
import { StateIcon } from './state.tsx'

export function Changes({ changes, first }: { readonly changes: readonly ReleaseChange[]; readonly first: boolean }) {
  const services = [...new Set(changes.map(({ service }) => service))]
  return (
    <Section title="What changes">
      {changes.length === 0 && <p class="dim">{first ? 'This is the first release here.' : 'Nothing of what runs changes.'}</p>}
      {services.map((service) => (
        <div key={service} class="diff boxed">
          <h3>{service}</h3>
          <dl>
            {changes
              .filter((change) => change.service === service)
              .map(({ field, before, after }) => (
                <div key={field} class="diff-field">
                  <dt>{field}</dt>
                  <dd>
                    {before !== undefined && <Lines sign="−" word="before" kind="removed" text={before} />}
                    {after !== undefined && <Lines sign="+" word="after" kind="added" text={after} />}
                  </dd>
                </div>
              ))}
          </dl>
        </div>
      ))}
    </Section>
  )
}

function Lines({ sign, word, kind, text }: { readonly sign: string; readonly word: string; readonly kind: string; readonly text: string }) {
  return (
    <pre class={`diff-${kind}`}>
      <span class="diff-sign" aria-hidden="true">
        {sign}
      </span>
      <span class="hidden">{word}: </span>
      {text}
    </pre>
  )
}

export function Evidence({ evidence }: { readonly evidence: readonly EvidenceView[] }) {
  if (evidence.length === 0) return null
  return (
    <Section title="What speaks for it">
      <ul class="evidence boxed">
        {evidence.map(({ kind, text, ok, href }) => (
          <li key={`${kind} ${text}`}>
            <StateIcon tone={ok ? (kind === 'digest' ? 'info' : 'done') : 'failed'} />
            <span class="kind">{kind}</span>
            <SafeLink href={href}>{text}</SafeLink>
          </li>
        ))}
      </ul>
    </Section>
  )
}
