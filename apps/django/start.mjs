// Starts Redis (unless REDIS_URL names one), the Django site, and Node in front of both.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findDjango } from '../../packages/test-servers/src/find-django.mjs'
import { findRedis } from '../../packages/test-servers/src/find-redis.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tegata-example-'))
const children = []

const django = await findDjango()
if ('missing' in django) fail(`There is no Django: ${django.missing}.`)
const redisUrl = process.env.REDIS_URL ?? (await startRedis())
const djangoUrl = await startDjango()
const node = start(
  process.execPath,
  ['dist/server.js'],
  { REDIS_URL: redisUrl, DJANGO_URL: djangoUrl },
  'inherit',
)

console.log(
  `Django ${django.version}, Express and a WebSocket over ${redisUrl}; log in as alice / wonderland`,
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => node.kill('SIGTERM'))
node.on('exit', (code) => end(code ?? 1))

async function startRedis() {
  const found = await findRedis()
  if ('missing' in found) fail(`There is no Redis: ${found.missing}.`)
  const port = await freePort()
  const redis = start(found.server, [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--dir',
    folder,
  ])
  for await (const line of createInterface({ input: redis.stdout })) {
    if (line.includes('eady to accept connections')) return `redis://127.0.0.1:${port}/1`
  }
  fail('Redis did not start.')
}

async function startDjango() {
  const env = { ...django.env, REDIS_URL: redisUrl, PORT: '0', SITE_FOLDER: folder, CSRF_USE_SESSIONS: '1' }
  const site = start(django.python, ['site/site.py'], env)
  site.stderr.pipe(process.stderr)
  for await (const line of createInterface({ input: site.stdout })) {
    const url = /^READY (\S+)$/.exec(line)?.[1]
    if (url) return url
  }
  fail('Django did not start.')
}

function start(command, args, env = {}, stdio = 'pipe') {
  const child = spawn(command, args, { cwd: here, env: { ...process.env, ...env }, stdio })
  child.on('error', (error) => fail(error.message))
  children.push(child)
  return child
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

function fail(problem) {
  console.error(problem)
  end(1)
}

function end(code) {
  for (const child of children) child.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}
