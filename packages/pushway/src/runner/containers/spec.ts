// A container as a job wants it: what its evaluated value says, checked. Pure.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idcontainer

export interface ContainerSpec {
  readonly image: string
  readonly credentials?: { readonly username: string; readonly password: string }
  readonly env: Readonly<Record<string, string>>
  readonly ports: readonly string[]
  readonly volumes: readonly string[]
  readonly options: string
  readonly entrypoint?: string
  readonly command?: string
}

/** Undefined for no image: then there is no container, as on GitHub. @throws Error with a sentence when it is no container */
export function readSpec(value: unknown): ContainerSpec | undefined {
  if (value === null || value === undefined || value === '') return undefined
  if (typeof value === 'string') return { image: imageName(value), env: {}, ports: [], volumes: [], options: '' }
  const map = mapOf(value, 'A container')
  const image = text(map.image)
  if (image === '') return undefined
  const credentials = map.credentials === undefined || map.credentials === null ? undefined : mapOf(map.credentials, '`credentials`')
  const [entrypoint, command] = [text(map.entrypoint), text(map.command)]
  return {
    image: imageName(image),
    env: Object.fromEntries(Object.entries(mapOf(map.env ?? {}, '`env`')).map(([name, one]) => [name, text(one)])),
    ports: listOf(map.ports, '`ports`'),
    volumes: listOf(map.volumes, '`volumes`'),
    options: text(map.options),
    ...(credentials ? { credentials: { username: text(credentials.username), password: text(credentials.password) } } : {}),
    ...(entrypoint === '' ? {} : { entrypoint }),
    ...(command === '' ? {} : { command }),
  }
}

/** The services of a job, without those that have no image. @throws Error as `readSpec`, naming the service */
export function readServices(value: unknown): readonly (readonly [name: string, spec: ContainerSpec])[] {
  if (value === null || value === undefined || value === '') return []
  return Object.entries(mapOf(value, '`services`')).flatMap(([name, one]) => {
    const spec = readSpec(one)
    return spec ? [[name, spec] as const] : []
  })
}

function imageName(image: string): string {
  return image.replace(/^docker:\/\//, '')
}

function mapOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Error(`${what} is no map of keys and values`)
}

function listOf(value: unknown, what: string): readonly string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value.map(text)
  throw new Error(`${what} is no list`)
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value)
}
