// `npm run locks`: writes each service's own lock file, which its Dockerfile installs from, in the versions of the shop's lock file.

import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

for (const service of ['api-gateway', 'user-service', 'order-service']) {
  const folder = mkdtempSync(join(tmpdir(), 'shop-lock-'))
  for (const file of ['package.json', '.npmrc']) copyFileSync(join(service, file), join(folder, file))
  const { status } = spawnSync('npm', ['install', '--package-lock-only'], { cwd: folder, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  cpSync(join(folder, 'package-lock.json'), join(service, 'package-lock.json'))
  rmSync(folder, { recursive: true })
}
