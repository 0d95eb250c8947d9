import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const folders = [
  { name: 'docs', root: 'docs' },
  ...['packages', 'apps'].flatMap((parent) =>
    readdirSync(new URL(parent, import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => ({ name, root: `${parent}/${name}` })),
  ),
]

/** Apps that tests start as processes of their own. */
const started = ['express-login', 'django']
const buildApp = fileURLToPath(new URL('scripts/build-app.mjs', import.meta.url))

// Races are run against real servers: where others share the machine, one that came too late proves nothing. Three times does.
const retry = process.env.CI ? 2 : 0

export default defineConfig({
  test: {
    // Much of the time is waited for servers: on two cores one worker, which is the default, would leave one of them idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: folders.map(({ name, root }) => ({
      root,
      // Siblings from their sources; `import` and `default` are left out on purpose, Express 5.3 breaks with them here.
      ssr: { resolve: { conditions: ['@tegata/source', 'node', 'module', 'development|production'] } },
      test: {
        name,
        include: ['**/*.test.ts'],
        testTimeout: 20_000,
        // A hook that failed fails the run, and none of its tests: it is not tried again, so it has all the time that a busy machine takes.
        hookTimeout: 180_000,
        retry,
        // Polls wait for what is to come; how soon it has to, says the test where it matters.
        expect: { poll: { timeout: 5000 } },
        ...(started.includes(name) && { globalSetup: buildApp }),
      },
    })),
  },
})
