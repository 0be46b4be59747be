// The images of a project, by digest.

import type { ImageView } from '@pushway/core/views/types.ts'
import { matchesQuery } from '../lib/format.ts'
import { useResource } from '../lib/resource.ts'
import { Copy, DigestText, Empty, ErrorBox, Skeleton, Time } from '../parts/basics.tsx'
import { FilterField, useFilter } from '../parts/filter.tsx'

export function ImagesPage({ project }: { readonly project: string }) {
  const { data, error } = useResource<readonly ImageView[]>(`/projects/${project}/images`, { topics: [`project:${project}`] })
  const query = useFilter()
  const found = (data ?? []).filter(({ repository, tag, digest }) => matchesQuery(query, [repository, tag, digest]))
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
      {found.length > 0 && <ImageTable images={found} />}
    </>
  )
}

function ImageTable({ images }: { readonly images: readonly ImageView[] }) {
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th>Image</th>
            <th>Digest</th>
            <th>Pushed</th>
            <th>Pull</th>
          </tr>
        </thead>
        <tbody>
          {images.map((image) => (
            <tr key={`${image.digest} ${image.tag} ${image.at}`} data-row>
              <td>
                {image.repository}
                {image.tag !== undefined && <span class="dim">:{image.tag}</span>}
              </td>
              <td>
                <DigestText digest={image.digest} />
              </td>
              <td class="dim">
                <Time at={image.at} />
              </td>
              <td>
                <Copy text={`${window.location.host}/${image.repository}@${image.digest}`} shown="Copy address" label={`address of ${image.repository}`} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
