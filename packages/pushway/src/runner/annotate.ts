// Annotations of one step: from workflow commands and problem matchers, as many as GitHub keeps.

import { dirname, isAbsolute, relative, resolve } from 'node:path'
import type { JobReport } from '@pushway/core/run/types.ts'
import type { JobState } from './job-state.ts'
import type { Problem } from './matchers.ts'

type Annotation = Omit<Extract<JobReport, { type: 'annotation' }>, 'type' | 'at' | 'step'>

/** GitHub keeps so many of each level for one step. */
const most = 10
const longest = 64 * 1024

export interface Annotator {
  command(level: Annotation['level'], properties: Readonly<Record<string, string>>, message: string): void
  problem(problem: Problem): void
}

export function createAnnotator(state: Pick<JobState, 'report' | 'masker' | 'paths'>, step: number): Annotator {
  const count = { notice: 0, warning: 0, error: 0 }
  const add = (annotation: Annotation) => {
    if (++count[annotation.level] > most) return
    const { message, title, file } = annotation
    const mask = (text: string) => state.masker.mask(text).slice(0, longest)
    const texts = { message: mask(message), ...(title ? { title: mask(title) } : {}), ...(file ? { file: mask(inWorkspace(state, file)) } : {}) }
    state.report({ type: 'annotation', at: Date.now(), step, ...annotation, ...texts })
  }
  return {
    command(level, { title, file, line, col, endline, endcolumn, ...rest }, message) {
      const places = {
        ...number('line', line),
        ...number('endLine', endline ?? rest.endLine),
        ...number('column', col),
        ...number('endColumn', endcolumn ?? rest.endColumn),
      }
      add({ level, message, ...(title ? { title } : {}), ...(file ? { file } : {}), ...places })
    },
    problem({ severity, message, file, fromPath, line, column }) {
      const from = file && fromPath ? resolve(state.paths.workspace, dirname(fromPath), file) : file
      add({ level: severity, message, ...(from ? { file: from } : {}), ...(line ? { line } : {}), ...(column ? { column } : {}) })
    },
  }
}

/** As people know the file: from the top of the workspace. */
function inWorkspace({ paths }: Pick<JobState, 'paths'>, file: string): string {
  const path = isAbsolute(file) ? relative(paths.workspace, file) : file.replace(/^\.\//, '')
  return path.startsWith('..') ? file : path
}

function number(name: 'line' | 'endLine' | 'column' | 'endColumn', text: string | undefined): Readonly<Partial<Record<typeof name, number>>> {
  return text !== undefined && /^\d{1,9}$/.test(text) ? { [name]: Number(text) } : {}
}
