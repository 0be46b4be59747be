// How the tests run: real processes and sockets, so each file in a process of its own.

import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** GitHub's packages name source maps whose sources they do not ship: without this, each of their files is a warning. */
const quietSourceMaps = {
  name: 'quiet-source-maps',
  enforce: 'pre' as const,
  load: (id: string) => (/\/@actions\/[^?]+\.js$/.test(id) ? { code: readFileSync(id, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''), map: null } : null),
}

export default defineConfig({
  plugins: [quietSourceMaps],
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
    pool: 'forks',
    // Most files wait for processes and sockets: two at a time keep two cores busy, and no more.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 180_000,
    // Real processes on a shared machine: one more try tells a late one from a broken one. Everywhere else a failure is shown at once.
    retry: process.env.CI ? 1 : 0,
    server: { deps: { inline: [/@actions\//] } },
  },
})
