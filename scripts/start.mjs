// Installs what is missing, builds, and runs the example app.
import { spawn } from 'node:child_process'
import { bin, installMissing, root, run } from './install.mjs'

const app = `${root}apps/express-login`

installMissing()
console.log('Building …')
run(
  bin('turbo'),
  [
    'run',
    'build',
    '--filter=@tegata/example-express-login',
    '--output-logs=errors-only',
    '--no-update-notifier',
  ],
  {
    TURBO_TELEMETRY_DISABLED: '1',
  },
)

const server = spawn(process.execPath, ['dist/server.js'], { cwd: app, stdio: 'inherit' })
// A terminal sends Ctrl-C to both; anybody else to this process alone.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal))
// npm ends without a word to its children where it alone is asked to, and nobody would know of the server any more.
const parent = process.ppid
setInterval(() => process.ppid !== parent && server.kill('SIGTERM'), 250).unref()
server.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
