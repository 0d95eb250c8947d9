import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { unpackDjango } from './unpack-django.mjs'

const run = promisify(execFile)
const DEBIANS = '/usr/bin/python3'
const NEEDED = 'import django, django_redis, redis; print(django.get_version())'
const HOW_TO_GET_ONE =
  'install python3 and the packages django, django-redis and redis for it, or set DJANGO_PYTHON to a Python that has them'

/** @type {Map<string, Promise<import('./find-django.mjs').FoundDjango | import('./find-django.mjs').MissingDjango>>} */
const found = new Map()

/**
 * A Python with Django and django-redis to test with: `DJANGO_PYTHON`, else Debian's own, with the distribution's packages
 * unpacked into a cache folder where they are not installed. Looked for once in a process.
 *
 * @param {NodeJS.ProcessEnv} [env]
 */
export function findDjango(env = process.env) {
  const key = `${env.DJANGO_PYTHON}\n${env.XDG_CACHE_HOME}`
  if (!found.has(key)) found.set(key, look(env))
  return found.get(key)
}

async function look(env) {
  if (env.DJANGO_PYTHON) {
    return usable(env.DJANGO_PYTHON, {}).catch((error) => ({
      missing: `DJANGO_PYTHON is set, but ${reason(error)}`,
    }))
  }
  try {
    return await usable(DEBIANS, {})
  } catch {
    // Not installed: unpacked, perhaps.
  }
  try {
    return await usable(DEBIANS, { PYTHONPATH: await unpackDjango(env) })
  } catch (error) {
    return { missing: `${DEBIANS} has no Django, and ${reason(error)}; ${HOW_TO_GET_ONE}` }
  }
}

async function usable(python, env) {
  const { stdout } = await run(python, ['-c', NEEDED], { timeout: 30_000, env: { ...process.env, ...env } })
  return { python, env, version: stdout.trim() }
}

const reason = (error) =>
  String(error.stderr || error.message)
    .trim()
    .split('\n')
    .at(-1)
