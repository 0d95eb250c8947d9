// Installs what is missing, builds what is measured, and measures: `npm run bench -- --help` says what.
import { bin, installMissing, root, run } from './install.mjs'

installMissing()
run(
  bin('turbo'),
  ['run', 'build', '--filter=@tegata/bench^...', '--output-logs=errors-only', '--no-update-notifier'],
  { TURBO_TELEMETRY_DISABLED: '1' },
)
run(bin('tsx'), [`${root}apps/bench/src/main.ts`, ...process.argv.slice(2)], {})
