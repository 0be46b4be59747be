// Names of users and groups, looked up in an image's own `/etc/passwd` and `/etc/group`. Pure.

export interface UserFiles {
  readonly passwd: string
  readonly group: string
}

export interface FoundUser {
  readonly uid: number
  readonly gid: number
  readonly home: string
}

const maxId = 2 ** 31 - 1

function lines(text: string): readonly (readonly string[])[] {
  return text.split('\n').map((line) => line.split(':'))
}

function numeric(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= maxId ? Number(text) : undefined
}

/**
 * `user[:group]`, each a name or a number, as USER and `--chown` have them. Without a group: the user's own for USER; for `--chown`
 * (`sameGroup`) the group of the same number, as in Docker. A sentence when a name is not there.
 */
export function findUser(text: string, files: UserFiles, sameGroup = false): FoundUser | string {
  const [name = '', groupName, ...more] = text.split(':')
  if (name === '' || groupName === '' || more.length > 0) return `"${text}" is not user or user:group`
  const id = numeric(name)
  const entry = lines(files.passwd).find((line) => (id === undefined ? line[0] === name : line[2] === String(id)))
  const uid = id ?? numeric(entry?.[2] ?? '')
  if (uid === undefined) return `there is no user "${name}" in the image's /etc/passwd`
  const home = entry?.[5] || '/'
  const own = numeric(entry?.[3] ?? '') ?? 0
  if (groupName === undefined) return { uid, gid: sameGroup ? (id ?? own) : own, home }
  const group = numeric(groupName) ?? numeric(lines(files.group).find((line) => line[0] === groupName)?.[2] ?? '')
  return group === undefined ? `there is no group "${groupName}" in the image's /etc/group` : { uid, gid: group, home }
}
