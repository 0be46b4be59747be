// The names that things have, as plain strings with a meaning. No branding: they cross JSON everywhere.

/** Milliseconds since the Unix epoch, UTC. */
export type EpochMs = number
/** A length of time in milliseconds. */
export type Milliseconds = number
/** `owner/name`, both `[A-Za-z0-9._-]+`. */
export type ProjectName = string
/** A name inside a project: `staging`, `production`. */
export type EnvironmentName = string
/** `owner/name/environment`: unique in one installation. */
export type EnvironmentId = string
/** `sha256:` and 64 hexadecimal digits. */
export type Digest = string
/** 40 hexadecimal digits. */
export type CommitId = string
export type RunId = string
export type ReleaseId = string
export type DeploymentId = string
/** `environment id~service~release id`: one set of interchangeable instances. */
export type GroupId = string

/** The id of a group from its three parts. */
export function groupId(environment: EnvironmentId, service: string, release: ReleaseId): GroupId {
  return `${environment}~${service}~${release}`
}

/** The id of an environment from its project and name. */
export function environmentId(project: ProjectName, name: EnvironmentName): EnvironmentId {
  return `${project}/${name}`
}

/** `sha256:0123456789ab`: the short form people see. */
export function shortDigest(digest: Digest): string {
  return digest.slice(0, 'sha256:'.length + 12)
}
