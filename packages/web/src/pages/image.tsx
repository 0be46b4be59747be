// One image: its tags and layers, who built it from what, what is proven of it, where it runs.

import type { ImageEvidence } from '@pushway/core/images/evidence.ts'
import type { ImageDetails, ImagePushEntry } from '@pushway/core/images/types.ts'
import { describeUse } from '@pushway/core/images/uses.ts'
import type { ComponentChildren } from 'preact'
import { bytes, shortHash } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { Command, Copy, DigestText, ErrorBox, Section, Skeleton, Time } from '../parts/basics.tsx'
import { StateIcon } from '../parts/state.tsx'

export function ImagePage({ project, reference }: { readonly project: string; readonly reference: string }) {
  const path = `/projects/${project}/registry/images/${encodeURIComponent(reference)}`
  const { data, error } = useResource<ImageDetails>(path, { topics: [`project:${project}`] })
  return (
    <>
      <header class="page-head">
        <h1>{data ? data.repository : 'Image'}</h1>
        {data?.tags.map((tag) => (
          <span key={tag} class="pill mono">
            {tag}
          </span>
        ))}
      </header>
      <ErrorBox error={error} />
      {!data && !error && <Skeleton lines={6} />}
      {data && <Details project={project} image={data} />}
    </>
  )
}

function Details({ project, image }: { readonly project: string; readonly image: ImageDetails }) {
  const { config, digest, repository, uses } = image
  return (
    <>
      <dl class="facts-list">
        <Fact name="Digest">
          <Copy text={digest} shown={shortHash(digest)} label={`digest ${digest}`} />
        </Fact>
        <Fact name="Size">
          <span class="num">{bytes(image.size)}</span> <span class="dim">({bytes(image.own)} only here)</span>
        </Fact>
        <Fact name="Runs">{uses.length === 0 ? <span class="dim">nowhere</span> : [...new Set(uses.map(describeUse))].join(', ')}</Fact>
        {config && (
          <Fact name="Made for">
            {config.platform}, {config.base === 'host' ? "on the machine's own userland" : 'on an image'}
          </Fact>
        )}
        {config && config.command.length > 0 && (
          <Fact name="Command">
            <code>{config.command.join(' ')}</code>
          </Fact>
        )}
      </dl>
      {image.evidence && <Proof project={project} evidence={image.evidence} />}
      <Layers image={image} />
      <Pushes project={project} pushes={image.pushes} />
      <Section title="Pull">
        <Command text={`docker pull ${window.location.host}/${repository}@${digest}`} />
      </Section>
    </>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** Each claim with the key that signed it; what is missing is said as plainly. */
function Proof({ project, evidence }: { readonly project: string; readonly evidence: ImageEvidence }) {
  const { signed, provenance, sbom, problems } = evidence
  const sbomHref = `/api/v1/projects/${project}/registry/images/${encodeURIComponent(evidence.digest)}/sbom`
  return (
    <Section title="What is proven">
      <ul class="rows boxed">
        <Claim holds={signed !== undefined} what="Signature">
          {signed ? <>by the project's key {signed.key.slice(0, 12)}</> : 'not signed by a key of the project'}
        </Claim>
        <Claim holds={provenance !== undefined} what="Provenance">
          {provenance ? (
            <>
              {provenance.workflow} at <Copy text={provenance.commit} shown={provenance.commit.slice(0, 7)} label={`commit ${provenance.commit}`} /> of{' '}
              {provenance.ref.replace(/^refs\/(heads|tags)\//, '')}
            </>
          ) : (
            'no run of this server made it'
          )}
        </Claim>
        <Claim holds={sbom !== undefined} what="Contents">
          {sbom ? (
            <>
              <a href={sbomHref}>{sbom.packages} packages</a> (SPDX)
            </>
          ) : (
            'not listed'
          )}
        </Claim>
        {problems.map((problem) => (
          <Claim key={problem} holds={false} what="Problem">
            {problem}
          </Claim>
        ))}
      </ul>
    </Section>
  )
}

function Claim({ holds, what, children }: { readonly holds: boolean; readonly what: string; readonly children: ComponentChildren }) {
  return (
    <li class="claim">
      <StateIcon tone={holds ? 'done' : 'waiting'} />
      <strong>{what}</strong>
      <span>{children}</span>
    </li>
  )
}

function Layers({ image }: { readonly image: ImageDetails }) {
  const { parts, config } = image
  return (
    <Section title="Layers" aside={<span class="dim num">{parts.length} parts</span>}>
      <div class="table-box">
        <table>
          <thead>
            <tr>
              <th>Part</th>
              <th class="right">Size</th>
              <th>Stored</th>
            </tr>
          </thead>
          <tbody>
            {parts.map((part) => (
              <tr key={part.digest}>
                <td>
                  <DigestText digest={part.digest} />
                </td>
                <td class="num right">{bytes(part.size)}</td>
                <td>{part.stored ? 'yes' : 'missing'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {config && config.history.length > 0 && (
        <details>
          <summary>How it was built, step by step</summary>
          <ol class="mono steps">
            {config.history.map((step, i) => (
              <li key={`${i} ${step}`}>{step}</li>
            ))}
          </ol>
        </details>
      )}
    </Section>
  )
}

function Pushes({ project, pushes }: { readonly project: string; readonly pushes: readonly ImagePushEntry[] }) {
  if (pushes.length === 0) return null
  return (
    <Section title="Pushes">
      <ul class="rows boxed">
        {pushes.map(({ at, tag, by, runNumber }) => (
          <li key={`${at} ${tag}`} class="claim">
            <span class="mono">{tag ?? 'by digest'}</span>
            <Time at={at} />
            {runNumber === undefined ? <span class="dim">by {by}</span> : <a href={`/${project}/runs/${runNumber}`}>run #{runNumber}</a>}
          </li>
        ))}
      </ul>
    </Section>
  )
}
