import { existsSync, statSync } from 'node:fs'
import { root, run } from './run.mjs'

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
