// The labels that Docker Compose finds its containers, networks and volumes by. Ours are the same, so each sees what the other made.

/** Names of labels (github.com/docker/compose, pkg/api/labels.go). */
export const composeLabel = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
  /** A one-off container's own name. */
  slug: 'com.docker.compose.slug',
  hash: 'com.docker.compose.config-hash',
  /** The id of the image that the container was made from. */
  image: 'com.docker.compose.image',
  dependsOn: 'com.docker.compose.depends_on',
  configFiles: 'com.docker.compose.project.config_files',
  workingDir: 'com.docker.compose.project.working_dir',
  environmentFile: 'com.docker.compose.project.environment_file',
  version: 'com.docker.compose.version',
  /** The container that this one takes the place of. */
  replaces: 'com.docker.compose.replace',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
} as const

/** Compose's name for a container: its own one, or project, service and number. */
export function containerName(at: { readonly project: string; readonly service: string; readonly number: number; readonly own?: string | undefined }): string {
  return at.own ?? `${at.project}-${at.service}-${at.number}`
}
