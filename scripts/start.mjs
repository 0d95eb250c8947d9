// Installs what is missing, builds, and runs an example app: `npm start` the first one, `npm start -- django` another.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { installMissing } from './install.mjs'
import { building, root, run } from './run.mjs'

const name = process.argv[2] ?? 'express-login'
const app = `${root}apps/${name}`
if (!existsSync(`${app}/package.json`)) {
  console.error(`There is no example app named ${name}.`)
  process.exit(1)
}

installMissing()
console.log('Building …')
run(...building(`@tegata/example-${name}`))

// Where more than Node has to run, the app says how.
const entry = existsSync(`${app}/start.mjs`) ? 'start.mjs' : 'dist/server.js'
const server = spawn(process.execPath, [entry], { cwd: app, stdio: 'inherit' })
// A terminal sends Ctrl-C to both; anybody else to this process alone.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal))
// npm ends without a word to its children where it alone is asked to, and nobody would know of the server any more.
const parent = process.ppid
setInterval(() => process.ppid !== parent && server.kill('SIGTERM'), 250).unref()
server.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
