// What differs between two commits: each file with its hunks, folded when there are many.

import type { ChangedFileView } from '@pushway/core/views/types.ts'
import { diffLines } from './diff-lines.ts'

/** Files beyond these are shown folded. */
const unfolded = 10

export function ChangedFiles({ files }: { readonly files: readonly ChangedFileView[] }) {
  if (files.length === 0) return <p class="dim">Nothing differs.</p>
  return (
    <>
      {files.map((file, index) => (
        <details key={file.path} class="boxed diff-file" open={index < unfolded}>
          <summary>
            <span class="mono diff-path">{file.from === undefined ? file.path : `${file.from} → ${file.path}`}</span>{' '}
            <span class="dim">
              {file.status} <span class="num">+{file.additions}</span> <span class="num">−{file.deletions}</span>
            </span>
          </summary>
          {file.patch === undefined ? <p class="dim">No text to show.</p> : <Patch patch={file.patch} />}
        </details>
      ))}
    </>
  )
}

function Patch({ patch }: { readonly patch: string }) {
  return (
    <pre class="diff">
      {diffLines(patch).map((line) => (
        <span key={line.key} class={`diff-line diff-${line.kind}`}>
          {line.text}
          {'\n'}
        </span>
      ))}
    </pre>
  )
}
