import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** A tool of the project's own. */
export const bin = (name) => `${root}node_modules/.bin/${name}`

/** Runs a command to its end. Exits with its code when it fails. */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

/** The arguments of `run` that build what a filter of turbo names. */
export const building = (filter) => [
  bin('turbo'),
  ['run', 'build', `--filter=${filter}`, '--output-logs=errors-only', '--no-update-notifier'],
  { TURBO_TELEMETRY_DISABLED: '1' },
]
