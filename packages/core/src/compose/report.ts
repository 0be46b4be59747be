// Findings about compose files, collected while the files are read and normalised.

import type { Diagnostic, Position } from '../text/diagnostic.ts'
import type { Tree } from './tree.ts'

/** Collects findings. Each is one sentence with its place. */
export class Report {
  readonly #found: Diagnostic[] = []

  /** By place: file by file, from top to bottom. */
  get diagnostics(): readonly Diagnostic[] {
    const files = [...new Set(this.#found.map((one) => one.at.file))]
    return this.#found.toSorted((a, b) => files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line || a.at.column - b.at.column)
  }

  get failed(): boolean {
    return this.#found.some((one) => one.severity === 'error')
  }

  /** An error at a node. Said once for one place. */
  error(at: Tree | Position, code: string, message: string): undefined {
    this.#add({ severity: 'error', code, message, at: 'kind' in at ? at.at : at })
  }

  /** A warning at a node. */
  warn(at: Tree | Position, code: string, message: string): undefined {
    this.#add({ severity: 'warning', code, message, at: 'kind' in at ? at.at : at })
  }

  /** Findings that another reader made. */
  add(diagnostics: readonly Diagnostic[]): void {
    for (const one of diagnostics) this.#add(one)
  }

  #add(finding: Diagnostic): void {
    const { at, message } = finding
    const here = this.#found.filter((one) => one.at.file === at.file && one.at.line === at.line && one.at.column === at.column)
    // A value of the wrong type has no further mistakes.
    const wrong = finding.code === 'compose-value' && here.some((one) => one.code === 'compose-type')
    if (!wrong && !here.some((one) => one.message === message)) this.#found.push(finding)
  }
}

/** Where a key is written, or its value when the key has no place of its own. */
export function keyPlace(node: Tree): Position {
  return node.keyAt ?? node.at
}
