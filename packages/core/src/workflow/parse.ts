// Workflow file → Workflow. GitHub's own parser checks schema and expressions; the nodes are then read here, with their places.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax

import { hasErrors, type Parsed } from '../text/diagnostic.ts'
import { checkNeeds } from './check-needs.ts'
import { add, type Findings, inFileOrder } from './findings.ts'
import { readDefaults } from './parse-common.ts'
import { type ReadJob, readJobs } from './parse-job.ts'
import { readTriggers } from './parse-triggers.ts'
import type { RunDefaults, Template, TemplateMap, Trigger, Workflow } from './types.ts'
import { readKeys, rootOf, templateMapOf, templateOf, textOf } from './yaml-node.ts'
import { readWorkflowYaml, type YamlSource } from './yaml-source.ts'

/**
 * Reads a workflow file.
 *
 * @param file path in the repository, for findings and as the name of a workflow without one
 * @param text the file's content
 * @returns every finding at once; the workflow when none is an error. What the language has and Pushway does not carry is refused, never dropped.
 */
export function parseWorkflow(file: string, text: string): Parsed<Workflow> {
  const findings: Findings = { file, list: [] }
  const source = readWorkflowYaml(findings, text)
  const workflow = source && readWorkflow(source, file)
  const diagnostics = inFileOrder(findings)
  return workflow && !hasErrors(diagnostics) ? { value: workflow, diagnostics } : { diagnostics }
}

function readWorkflow(source: YamlSource, file: string): Workflow {
  let name = file
  let runName: Template | undefined
  let on: readonly Trigger[] = []
  let env: TemplateMap = []
  let defaults: RunDefaults = {}
  let jobs: readonly ReadJob[] = []
  readKeys(source, rootOf(source), {
    name: (v) => void (name = textOf(v) || file),
    description: () => undefined,
    'run-name': (v) => void (runName = templateOf(v)),
    on: (v) => void (on = readTriggers(source, v)),
    env: (v) => void (env = templateMapOf(source, v)),
    defaults: (v) => void (defaults = readDefaults(source, v)),
    jobs: (v, entry) => {
      jobs = readJobs(source, v)
      if (jobs.length === 0) add(source.findings, entry.keyAt, { code: 'schema', message: 'There are no jobs. Write at least one.' })
    },
  })
  checkNeeds(source.findings, jobs)
  return { file, name, ...(runName && { runName }), on, env, defaults, jobs: jobs.map(({ job }) => job) }
}
