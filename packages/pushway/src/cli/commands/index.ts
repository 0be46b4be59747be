// Every command: its name, one line about it, and where it is.

import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'

export interface CommandModule {
  /** Adds the command to the program. */
  register(program: Command, context: CommandContext): void
}

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<CommandModule>
}

export const commands: readonly CommandEntry[] = [
  { name: 'demo', summary: 'see the whole way on this machine: push, staging, approval, canary, rollback', load: () => import('./demo.ts') },
  { name: 'server', summary: 'start the server of a data folder', load: () => import('./server.ts') },
  { name: 'down', summary: 'stop what the server leaves running: instances, agent, proxy', load: () => import('./down.ts') },
  { name: 'run', summary: 'run workflows of the working tree, without a server', load: () => import('./run.ts') },
  { name: 'compose', summary: 'the verbs of docker compose, on a Docker Engine: up, down, ps, logs, …', load: () => import('./compose.ts') },
  { name: 'shell', summary: 'a script with our docker-compose and docker on its PATH', load: () => import('./shell.ts') },
  { name: 'lint', summary: 'check workflows and actions without running them', load: () => import('./lint.ts') },
  { name: 'eval', summary: 'evaluate expressions, one JSON object a line', load: () => import('./eval.ts') },
  { name: 'login', summary: 'sign in at a server', load: () => import('./login.ts') },
  { name: 'logout', summary: 'forget the token of a server', load: () => import('./logout.ts') },
  { name: 'whoami', summary: 'who you are, and at which server', load: () => import('./whoami.ts') },
  { name: 'project', summary: 'projects: create, ls, webhook', load: () => import('./project.ts') },
  { name: 'secret', summary: 'secrets of a project: set, ls', load: () => import('./secret.ts') },
  { name: 'var', summary: 'variables of a project: set, ls', load: () => import('./var.ts') },
  { name: 'member', summary: 'members of a project: set, ls', load: () => import('./member.ts') },
  { name: 'user', summary: 'users: create, ls, disable', load: () => import('./user.ts') },
  { name: 'token', summary: 'your tokens: create, ls, revoke', load: () => import('./token.ts') },
  { name: 'get', summary: 'list runs, environments, deployments, …', load: () => import('./get.ts') },
  { name: 'describe', summary: 'all about one run, deployment, environment, …', load: () => import('./describe.ts') },
  { name: 'logs', summary: 'logs of a run, a job, or an environment', load: () => import('./logs.ts') },
  { name: 'download', summary: 'download artifacts of a run', load: () => import('./download.ts') },
  { name: 'cancel', summary: 'stop a run', load: () => import('./cancel.ts') },
  { name: 'rerun', summary: 'run the jobs of a run again', load: () => import('./rerun.ts') },
  { name: 'dispatch', summary: 'start a workflow by hand', load: () => import('./dispatch.ts') },
  { name: 'pr', summary: 'pull requests: create, list, view, diff, edit, comment, close, reopen, merge', load: () => import('./pr.ts') },
  { name: 'plan', summary: 'what a deployment or a workflow would do', load: () => import('./plan.ts') },
  { name: 'explain', summary: 'why a run or deployment is as it is', load: () => import('./explain.ts') },
  { name: 'history', summary: 'the deployments of an environment', load: () => import('./history.ts') },
  { name: 'approve', summary: 'approve a deployment that waits', load: () => import('./approve.ts') },
  { name: 'reject', summary: 'reject a deployment that waits', load: () => import('./reject.ts') },
  { name: 'pause', summary: 'hold a rollout where it is', load: () => import('./pause.ts') },
  { name: 'resume', summary: 'let a paused rollout go on', load: () => import('./resume.ts') },
  { name: 'abort', summary: 'take a rollout back', load: () => import('./abort.ts') },
  { name: 'rollback', summary: 'go back to an earlier release', load: () => import('./rollback.ts') },
  { name: 'promote', summary: "take one environment's release to another", load: () => import('./promote.ts') },
  { name: 'timeline', summary: 'what happened, and what led to it', load: () => import('./timeline.ts') },
  { name: 'doctor', summary: 'what this machine has of what Pushway needs', load: () => import('./doctor.ts') },
  { name: 'completion', summary: 'the completion script of a shell', load: () => import('./completion.ts') },
  { name: 'image', summary: 'what the registry has: ls, inspect, history, rm, gc, scrub, policy', load: () => import('./image.ts') },
]
