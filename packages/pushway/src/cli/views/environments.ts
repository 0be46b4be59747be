// Environments as text: what runs where, how well.

import type { EnvironmentView, GroupView, PlanView, ServiceView } from '@pushway/core/views/types.ts'
import type { Shape } from '../output.ts'
import type { Screen } from '../screen.ts'
import { indent, renderFields, renderTable } from '../table.ts'
import { changeLines, deploymentShape, releaseLine } from './deployments.ts'
import { paintState } from './projects.ts'

export const environmentShape: Shape<EnvironmentView> = {
  name: (environment) => `environment/${environment.name}`,
  none: 'There are no environments yet: pushway.yml or a job with an `environment:` names them.',
  columns: [
    { title: 'ENVIRONMENT', text: (environment) => environment.name },
    { title: 'HEALTH', text: (environment) => environment.health, state: true },
    { title: 'RELEASE', text: ({ release }) => release && `v${release.number}` },
    { title: 'READY', text: readyCount },
    { title: 'BRANCH', text: (environment) => environment.branch },
    { title: 'RUNTIME', text: (environment) => environment.runtime, wide: true },
    { title: 'ACTIVE', text: (environment) => environment.active, wide: true },
    { title: 'URL', text: (environment) => environment.url },
    { title: 'SINCE', text: (environment, screen) => screen.when(environment.liveSince) },
    { title: 'WHY', text: waitingWhy },
  ],
}

/** An environment whole: services, groups, instances, its newest deployments. */
export function describeEnvironment(environment: EnvironmentView, screen: Screen): string {
  const head = renderFields([
    ['Environment', `${environment.project} ${environment.name}`],
    ['Health', paintState(environment.health, screen)],
    ['Release', releaseLine(environment.release)],
    ['Live since', screen.when(environment.liveSince)],
    ['URL', environment.url],
    ['Branch', environment.branch],
    ['Runtime', environment.deploys ? environment.runtime : 'nothing is deployed here'],
    ['Active', environment.active],
    ['Why', waitingWhy(environment)],
  ])
  const services = environment.services.map((service) => describeService(service, screen))
  const newest = environment.deployments.slice(0, 5)
  const deployments = newest.length === 0 ? [] : ['', 'Deployments:', indent(renderTable(deploymentShape.columns, newest, screen))]
  return [head, ...(services.length > 0 ? ['', ...services] : []), ...deployments].join('\n')
}

function describeService(service: ServiceView, screen: Screen): string {
  const head = [screen.paint('bold', service.name), ...service.addresses].join('  ')
  const groups = service.groups.map((group) => [groupLine(group, screen), ...instanceLines(group, screen).map((line) => indent(line))].join('\n'))
  return [head, ...groups.map((group) => indent(group))].join('\n')
}

function groupLine(group: GroupView, screen: Screen): string {
  const share = group.weight === undefined ? '' : `  ${group.weight} % of traffic`
  const traffic = group.traffic && group.traffic.requests > 0 ? `  ${group.traffic.requests} requests, ${group.traffic.errors} failed` : ''
  return `${group.ready}/${group.wanted} ready${group.crashes > 0 ? `, ${group.crashes} crashes` : ''}${share}${traffic}  ${screen.paint('dim', group.digest.slice(0, 19))}`
}

function instanceLines(group: GroupView, screen: Screen): readonly string[] {
  return group.instances.map(({ id, state, startedAt, restarts, problem }) =>
    [id, paintState(state, screen), screen.when(startedAt), restarts > 0 ? `${restarts} restarts` : '', problem ?? ''].filter(Boolean).join('  '),
  )
}

/** What a deployment would do. */
export function showPlan(plan: PlanView): string {
  const changes = changeLines(plan.changes)
  return [
    `Deploying ${releaseLine(plan.release)} to ${plan.environment} would change:`,
    indent(changes.length > 0 ? changes.join('\n') : 'nothing'),
    'in these steps:',
    indent(plan.steps.length > 0 ? plan.steps.map((step, index) => `${index + 1}. ${step}`).join('\n') : 'none: it runs already'),
    ...plan.warnings.map((warning) => `warning: ${warning}`),
  ].join('\n')
}

function readyCount(environment: EnvironmentView): string | undefined {
  const groups = environment.services.flatMap((service) => service.groups)
  if (groups.length === 0) return undefined
  const sum = (count: (group: GroupView) => number) => groups.reduce((total, group) => total + count(group), 0)
  return `${sum((group) => group.ready)}/${sum((group) => group.wanted)}`
}

function waitingWhy(environment: EnvironmentView): string | undefined {
  return environment.deployments.find((deployment) => deployment.status !== 'done')?.why.sentence
}
