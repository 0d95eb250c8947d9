import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

/** Installs the dependencies where they are missing or older than the lock file. Exits when that fails. */
export function installMissing() {
  const installed = `${root}node_modules/.package-lock.json`
  const isCurrent =
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs
  if (isCurrent) return
  console.log('Installing dependencies …')
  // Not `npm ci`: a lock file that was written on one platform lacks the optional packages of others.
  run(npm, ['install', '--no-audit', '--no-fund', '--loglevel=error'])
}

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

/** A tool of the project's own. */
export const bin = (name) => `${root}node_modules/.bin/${name}`
