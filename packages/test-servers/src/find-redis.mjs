// Plain JavaScript, so that the scripts of the repository can use it before anything is built.
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { unpackRedis } from './unpack-redis.mjs'

const run = promisify(execFile)
const NAMES = ['redis-server', 'valkey-server']
const OLDEST = [6, 2]
const HOW_TO_GET_ONE =
  'install Redis 6.2 or newer (or Valkey), or set REDIS_SERVER to the path of a redis-server'

/**
 * A Redis server to test with: `REDIS_SERVER`, else `redis-server` or `valkey-server` on the path, else the package of
 * the distribution, unpacked into a cache folder.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<import('./find-redis.mjs').FoundRedis | import('./find-redis.mjs').MissingRedis>}
 */
export async function findRedis(env = process.env) {
  if (env.REDIS_SERVER) {
    const server = (await onPath(env.REDIS_SERVER, env.PATH)) ?? env.REDIS_SERVER
    return usable(server, env).catch((error) => ({ missing: `REDIS_SERVER is set, but ${reason(error)}` }))
  }
  let problem = 'no redis-server or valkey-server is on the path'
  for (const name of NAMES) {
    const server = await onPath(name, env.PATH)
    if (!server) continue
    try {
      return await usable(server, env)
    } catch (error) {
      problem = reason(error)
    }
  }
  try {
    return await usable(await unpackRedis(env), env)
  } catch (error) {
    return { missing: `${problem}, and ${reason(error)}; ${HOW_TO_GET_ONE}` }
  }
}

/** Throws for a server that does not start here or is too old. */
async function usable(server, env) {
  const { stdout } = await run(server, ['--version'], { timeout: 10_000 })
  const version = /\bv=(\d+)\.(\d+)/.exec(stdout)
  if (!version) throw new Error(`${server} does not say which version of Redis it is`)
  const [major, minor] = [Number(version[1]), Number(version[2])]
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new Error(`${server} is Redis ${major}.${minor}`)
  }
  return { server, cli: await cliOf(server, env) }
}

async function cliOf(server, env) {
  for (const cli of ['redis-cli', 'valkey-cli']) {
    const found = (await executable(join(dirname(server), cli))) ?? (await onPath(cli, env.PATH))
    if (found) return found
  }
  throw new Error(`there is no redis-cli beside ${server} or on the path`)
}

async function onPath(name, path = '') {
  if (name.includes('/')) return executable(name)
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const found = await executable(join(folder, name))
    if (found) return found
  }
}

const executable = (file) =>
  access(file, constants.X_OK).then(
    () => file,
    () => undefined,
  )

const reason = (error) =>
  String(error.stderr || error.message)
    .trim()
    .split('\n')
    .at(-1)
