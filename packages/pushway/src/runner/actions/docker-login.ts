// docker/login-action: writes the credentials where `docker` on the job's PATH finds them, as docker does.

import { type ActionContext, ActionFailure, type BuiltinAction, isTrue } from './types.ts'

const dockerHub = 'https://index.docker.io/v1/'

export const dockerLogin: BuiltinAction = {
  name: 'docker/login-action',
  inputs: ['registry', 'username', 'password', 'logout', 'ecr'],
  async run(context) {
    const registry = context.input('registry') || dockerHub
    const username = context.input('username')
    const password = context.input('password')
    if (username === '' || password === '') throw new ActionFailure('docker/login-action needs the inputs username and password.')
    context.addMask(password)
    const auth = Buffer.from(`${username}:${password}`).toString('base64')
    context.addMask(auth)
    await editConfig(context.exec, context.job.paths.dockerConfig, (auths) => ({ ...auths, [registry]: { auth } }))
    context.say(`Credentials for ${registry} stored for this job${isAlias(context, registry) ? ': it is the embedded registry here' : ''}.`)
    if (!isTrue(context.input('logout'), true)) return
    context.addPost(`Post ${dockerLogin.name}`, (exec) => editConfig(exec, context.job.paths.dockerConfig, ({ [registry]: _removed, ...rest }) => rest))
  },
}

function isAlias({ job }: ActionContext, registry: string): boolean {
  const server = job.spec.server
  if (!server) return false
  const host = registry.replace(/^https?:\/\//, '').split('/')[0]
  return host === new URL(server.url).host || server.registryAliases.includes(host as string)
}

type Auths = Readonly<Record<string, unknown>>

const writeScript = 'umask 077; printf %s "$CONFIG_TEXT" > "$1/config.json.new" && mv -f -- "$1/config.json.new" "$1/config.json"'

/** Reads and writes with the rights of a step: a link that a step has put there leads no further than the step itself gets. */
async function editConfig(exec: ActionContext['exec'], dir: string, change: (auths: Auths) => Auths): Promise<void> {
  const read = await exec(['sh', '-c', 'cat -- "$1/config.json" 2>/dev/null || :', 'sh', dir], { quiet: true })
  const config = parseConfig(read.output)
  const text = `${JSON.stringify({ ...config, auths: change(config.auths) }, null, 2)}\n`
  const written = await exec(['sh', '-c', writeScript, 'sh', dir], { quiet: true, env: { CONFIG_TEXT: text } })
  if (written.exit !== 0) throw new ActionFailure(`The credentials could not be stored: ${written.output}`)
}

function parseConfig(text: string): { readonly auths: Auths } & Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return { auths: {} }
    const auths = 'auths' in value && typeof value.auths === 'object' && value.auths !== null ? value.auths : {}
    return { ...value, auths: { ...auths } }
  } catch {
    return { auths: {} }
  }
}
