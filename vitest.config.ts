import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const folders = [
  { name: 'docs', root: 'docs' },
  ...['packages', 'apps'].flatMap((parent) =>
    readdirSync(new URL(parent, import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => ({ name, root: `${parent}/${name}` })),
  ),
]

// Races are run against real servers: where others share the machine, one that came too late proves nothing. Three times does.
const retry = process.env.CI ? 2 : 0

export default defineConfig({
  test: {
    projects: folders.map(({ name, root }) => ({
      root,
      // Siblings from their sources; `import` and `default` are left out on purpose, Express 5.3 breaks with them here.
      ssr: { resolve: { conditions: ['@tegata/source', 'node', 'module', 'development|production'] } },
      test: { name, include: ['**/*.test.ts'], testTimeout: 20_000, hookTimeout: 60_000, retry },
    })),
  },
})
