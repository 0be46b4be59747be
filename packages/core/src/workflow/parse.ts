// Workflow file → Workflow. GitHub's own parser checks schema and expressions; the nodes are then read here, with their places.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax

import { hasErrors, type Parsed } from '../text/diagnostic.ts'
import { checkNeeds } from './check-needs.ts'
import { add, type Findings, inFileOrder } from './findings.ts'
import { readDefaults } from './parse-common.ts'
import { readConcurrency } from './parse-concurrency.ts'
import { readJobs } from './parse-job.ts'
import { readPermissions } from './parse-permissions.ts'
import { readTriggers } from './parse-triggers.ts'
import type { Workflow } from './types.ts'
import { rootOf, takeKeys, templateAt, templateMapOf, textOf } from './yaml-node.ts'
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
  if (workflow && !hasErrors(diagnostics)) return { value: workflow, diagnostics }
  return { diagnostics, ...(workflow ? { draft: workflow } : {}) }
}

function readWorkflow(source: YamlSource, file: string): Workflow {
  const keys = takeKeys(source, rootOf(source), ['name', 'description', 'run-name', 'on', 'env', 'defaults', 'concurrency', 'permissions', 'jobs'])
  const jobs = keys.jobs ? readJobs(source, keys.jobs.value) : []
  if (keys.jobs && jobs.length === 0) add(source.findings, keys.jobs.keyAt, { code: 'schema', message: 'There are no jobs. Write at least one.' })
  checkNeeds(source.findings, jobs)
  return {
    file,
    name: (keys.name && textOf(keys.name.value)) || file,
    runName: templateAt(keys['run-name']),
    on: keys.on ? readTriggers(source, keys.on.value) : [],
    env: templateMapOf(source, keys.env?.value),
    defaults: readDefaults(source, keys.defaults),
    concurrency: readConcurrency(source, keys.concurrency),
    permissions: readPermissions(source, keys.permissions),
    jobs: jobs.map(({ job }) => job),
  }
}
