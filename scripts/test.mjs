// Installs what is missing, finds a Redis server, and runs all tests: `npm test -- --project core` runs some.
import { mkdirSync } from 'node:fs'
import { installMissing } from './install.mjs'
import { bin, root, run } from './run.mjs'

installMissing()

const { findRedis } = await import('../packages/test-servers/src/find-redis.mjs')
const found = await findRedis()
const env = {}
if ('missing' in found) {
  const consequence = process.env.CI ? 'The tests that need it fail.' : 'The tests that need it are skipped.'
  console.warn(`No Redis server: ${found.missing}\n${consequence}`)
} else {
  console.log(`Redis server: ${found.server}`)
  env.REDIS_SERVER = found.server
}

const reports = `${root}node_modules/.cache/tegata`
const failures = `${root}scripts/failures-reporter.mjs`
mkdirSync(reports, { recursive: true })
run(
  bin('vitest'),
  [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reports}/tests.json`,
    `--reporter=${failures}`,
    ...process.argv.slice(2),
  ],
  env,
)
