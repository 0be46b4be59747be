// What is at hand while compose files are read: other files, variables, where to report.

import type { LookUp } from './interpolate.ts'
import type { Report } from './report.ts'
import type { Tree, TreeMap, TreePath } from './tree.ts'

/** How files are had: from a folder, from a commit's tree, from memory. */
export interface ComposeFiles {
  /** A file's text; undefined when it is not there. Paths are as `folder` joined with what the files say. */
  readonly read: (path: string) => string | undefined
  /** Files outside this folder are refused; there is no fence when it is absent. */
  readonly fence?: string
}

export interface ComposeContext {
  readonly files: ComposeFiles
  readonly report: Report
  /** Where relative paths of the present project (or included one) begin. */
  readonly folder: string
  /** What `~` stands for. */
  readonly home?: string
  readonly env: Readonly<Record<string, string>>
  readonly lookUp: LookUp
  readonly interpolate: boolean
  /** The path of a file that is named at `at`; undefined, with a finding, when it may not be read. */
  locate(path: string, at: Tree): string | undefined
  /** A file with variables replaced and short forms made long, and nothing else done; undefined, with a finding, when it can't be had. */
  readPlain(path: string, at: Tree): { readonly file: string; readonly tree: TreeMap; readonly cleared: readonly TreePath[] } | undefined
}
