// The images of a project, by digest: tags, size, what is proven, where they run.

import type { ImageEntry } from '@pushway/core/images/types.ts'
import { describeUse } from '@pushway/core/images/uses.ts'
import { bytes, matchesQuery, shortHash } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { imageHref } from '../lib/router.ts'
import { Empty, ErrorBox, Skeleton, Time } from '../parts/basics.tsx'
import { FilterField, useFilter } from '../parts/filter.tsx'
import { StateMark } from '../parts/state.tsx'

export function ImagesPage({ project }: { readonly project: string }) {
  const { data, error } = useResource<readonly ImageEntry[]>(`/projects/${project}/registry`, { topics: [`project:${project}`] })
  const query = useFilter()
  // Signatures and their like are shown with what they speak of.
  const images = data?.filter(({ subject }) => subject === undefined)
  const found = (images ?? []).filter(({ repository, tags, digest }) => matchesQuery(query, [repository, ...tags, digest]))
  return (
    <>
      <header class="page-head">
        <h1>Images</h1>
        <FilterField label="Search images" />
      </header>
      <ErrorBox error={error} />
      {!data && !error && <Skeleton lines={5} />}
      {data && found.length === 0 && (
        <Empty title={query === '' ? 'No image yet' : 'No image has these words'}>
          {query === '' && (
            <p>
              <code>docker push</code> in a job brings one here; so does any OCI client that signs in to <code>{window.location.host}</code>.
            </p>
          )}
        </Empty>
      )}
      {found.length > 0 && <ImageTable project={project} images={found} />}
    </>
  )
}

function ImageTable({ project, images }: { readonly project: string; readonly images: readonly ImageEntry[] }) {
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th>Image</th>
            <th>Digest</th>
            <th class="right">Size</th>
            <th>Runs</th>
            <th>Proven</th>
            <th>Pushed</th>
          </tr>
        </thead>
        <tbody>
          {images.map((image) => (
            <ImageRow key={`${image.repository} ${image.digest}`} project={project} image={image} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function ImageRow({ project, image }: { readonly project: string; readonly image: ImageEntry }) {
  const { repository, digest, tags, size, uses, evidenceState, seenAt } = image
  return (
    <tr data-row>
      <td>
        {repository}
        {tags.length > 0 && <span class="dim">:{tags.join(', ')}</span>}
      </td>
      <td>
        <a class="mono" href={imageHref(project, digest)}>
          {shortHash(digest)}
        </a>
      </td>
      <td class="num right nowrap">{bytes(size)}</td>
      <td>{[...new Set(uses.map(describeUse))].join(', ')}</td>
      <td>
        {evidenceState === 'made' && <StateMark tone="done" word="signed" />}
        {evidenceState === 'failed' && <StateMark tone="failed" word="not signed" />}
      </td>
      <td class="dim">
        <Time at={seenAt} />
      </td>
    </tr>
  )
}
