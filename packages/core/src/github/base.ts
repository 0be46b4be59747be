// The parts that every GitHub-shaped object is made of: times, ids, people, repositories.
// Follows https://docs.github.com/rest and https://docs.github.com/webhooks/webhook-events-and-payloads

import type { EpochMs, ProjectName } from '../text/ids.ts'

/** A JSON object in GitHub's shape. */
export type Shape = Readonly<Record<string, unknown>>

/** The commit that stands for "none": a ref before it was made, or after it was deleted. */
export const noCommit = '0'.repeat(40)

/** Where things are reached: `server` without a slash at the end. */
export interface Place {
  readonly project: ProjectName
  readonly server: string
}

/** A repository as far as its object says it. */
export interface RepositoryFacts extends Place {
  /** Short: `main`. */
  readonly defaultBranch: string
  readonly createdAt?: EpochMs
  readonly pushedAt?: EpochMs
}

/** `2026-01-31T12:00:00Z`, UTC. */
export function isoTime(at: EpochMs): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** A whole number from 1 that always is the same for a text: where GitHub has numbers and Pushway has names (FNV-1a, 32 bits). */
export function numberOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash || 1
}

/** GitHub's opaque second id; ours says what it is. */
export function nodeId(kind: string, id: number | string): string {
  return `${kind}_${id}`
}

/** The address of the REST API of a place: `…/api/v3/repos/owner/name`. */
export function apiOf({ project, server }: Place): string {
  return `${server}/api/v3/repos/${project}`
}

/** A person or program. Names that end in `[bot]` are bots, as on GitHub. */
export function userShape(login: string, server: string): Shape {
  const url = `${server}/api/v3/users/${login}`
  return {
    login,
    id: numberOf(login),
    node_id: nodeId('U', numberOf(login)),
    avatar_url: '',
    gravatar_id: '',
    url,
    html_url: `${server}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: login.endsWith('[bot]') ? 'Bot' : 'User',
    site_admin: false,
  }
}

/** The addresses of a repository's parts, as templates; also for those that nothing answers here (they answer 404 in GitHub's shape). */
const parts = {
  forks_url: 'forks',
  keys_url: 'keys{/key_id}',
  collaborators_url: 'collaborators{/collaborator}',
  teams_url: 'teams',
  hooks_url: 'hooks',
  issue_events_url: 'issues/events{/number}',
  events_url: 'events',
  assignees_url: 'assignees{/user}',
  branches_url: 'branches{/branch}',
  tags_url: 'tags',
  blobs_url: 'git/blobs{/sha}',
  git_tags_url: 'git/tags{/sha}',
  git_refs_url: 'git/refs{/sha}',
  trees_url: 'git/trees{/sha}',
  statuses_url: 'statuses/{sha}',
  languages_url: 'languages',
  stargazers_url: 'stargazers',
  contributors_url: 'contributors',
  subscribers_url: 'subscribers',
  subscription_url: 'subscription',
  commits_url: 'commits{/sha}',
  git_commits_url: 'git/commits{/sha}',
  comments_url: 'comments{/number}',
  issue_comment_url: 'issues/comments{/number}',
  contents_url: 'contents/{+path}',
  compare_url: 'compare/{base}...{head}',
  merges_url: 'merges',
  archive_url: '{archive_format}{/ref}',
  downloads_url: 'downloads',
  issues_url: 'issues{/number}',
  pulls_url: 'pulls{/number}',
  milestones_url: 'milestones{/number}',
  notifications_url: 'notifications{?since,all,participating}',
  labels_url: 'labels{/name}',
  releases_url: 'releases{/id}',
  deployments_url: 'deployments',
} as const

/** What can be said of a repository by its name alone: what GitHub calls a minimal repository. */
export function minimalRepositoryShape(place: Place): Shape {
  const { project, server } = place
  const [owner = '', name = ''] = project.split('/')
  const api = apiOf(place)
  return {
    id: numberOf(project),
    node_id: nodeId('R', numberOf(project)),
    name,
    full_name: project,
    private: true,
    owner: { ...userShape(owner, server), name: owner, email: null },
    html_url: `${server}/${project}`,
    description: null,
    fork: false,
    url: api,
    ...Object.fromEntries(Object.entries(parts).map(([key, path]) => [key, `${api}/${path}`])),
  }
}

/** A whole repository. What Pushway does not have is empty, zero or false. */
export function repositoryShape(facts: RepositoryFacts): Shape {
  const { project, server, defaultBranch, createdAt = 0, pushedAt = createdAt } = facts
  return {
    ...minimalRepositoryShape(facts),
    created_at: isoTime(createdAt),
    updated_at: isoTime(pushedAt),
    pushed_at: isoTime(pushedAt),
    git_url: `${server}/${project}.git`,
    ssh_url: '',
    clone_url: `${server}/${project}.git`,
    svn_url: `${server}/${project}`,
    homepage: null,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: false,
    has_projects: false,
    has_downloads: false,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: false,
    disabled: false,
    open_issues_count: 0,
    license: null,
    allow_forking: false,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: 'private',
    forks: 0,
    open_issues: 0,
    watchers: 0,
    default_branch: defaultBranch,
    stargazers: 0,
    master_branch: defaultBranch,
    custom_properties: {},
  }
}
