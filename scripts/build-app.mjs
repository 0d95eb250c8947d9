// Builds an example app before its tests run, which start it as a process of its own. Not in a hook: on a busy machine building takes
// longer than a hook may, a hook that failed is not tried again, and two files would build the same packages at the same time.
import { execFileSync } from 'node:child_process'
import { bin, root } from './install.mjs'

/** Called by the test runner, once for each project that names this file. */
export function setup({ name }) {
  const args = ['run', 'build', `--filter=@tegata/example-${name}`, '--output-logs=errors-only']
  execFileSync(bin('turbo'), [...args, '--no-update-notifier'], {
    cwd: root,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}
