// Builds an example app before its tests run, which start it as a process of its own. Not in a hook: on a busy machine building takes
// longer than a hook may, a hook that failed is not tried again, and two files would build the same packages at the same time.
import { execFileSync } from 'node:child_process'
import { building, root } from './run.mjs'

/** Called by the test runner, once for each project that names this file. */
export function setup({ name }) {
  const [command, args, env] = building(`@tegata/example-${name}`)
  // Throws where `run` would end the runner.
  execFileSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}
