import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** The whole test of a store, for the runner of Node. */
const program = `
  import { test } from 'node:test'
  import { testSessionStore } from '@tegata/store-test'
  import { testing } from './testing.ts'

  testSessionStore({ test, createStore: testing })
`

/** What `node --test` says of a file, in TAP; its own exit code is part of it. */
function run(file: string): Promise<string> {
  // Under the runner of Node a nested run reports to its parent instead.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
  return new Promise((resolve) => {
    execFile(process.execPath, ['--test', '--test-reporter=tap', file], { env }, (error, output) =>
      resolve(`${output}\n# code ${error?.code ?? 0}`),
    )
  })
}

test('the suite runs under node:test as well, and reports what it cannot test as skipped', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tegata-node-test-'))
  const outfile = join(folder, 'store.test.mjs')
  await build({
    stdin: { contents: program, resolveDir: dirname(fileURLToPath(import.meta.url)), loader: 'ts' },
    bundle: true,
    outfile,
    platform: 'node',
    format: 'esm',
    conditions: ['@tegata/source'],
    logLevel: 'silent',
  })
  const output = await run(outfile)
  await rm(folder, { recursive: true })
  expect(output).toMatch(/^# fail 0$/m)
  expect(output).toMatch(/^# code 0$/m)
  expect(Number(/^# pass (\d+)$/m.exec(output)?.[1])).toBeGreaterThan(70)
  expect(output).toMatch(/# SKIP not tested: the fixture has no putForeign\(\)$/m)
  const reasons = output.match(/# SKIP not tested: .+$/gm) ?? []
  expect(Number(/^# skipped (\d+)$/m.exec(output)?.[1])).toBe(reasons.length)
})
