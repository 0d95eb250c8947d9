import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { apt, cacheFolder, distribution, exists, TIMEOUT_MS } from './unpack-redis.mjs'

const run = promisify(execFile)

/** Django, its cache in Redis, and the compressors and serializers that it may be told to use. */
const PACKAGES = ['django', 'django-redis', 'redis', 'lz4', 'zstandard', 'msgpack'].map(
  (name) => `python3-${name}`,
)

/**
 * Downloads the distribution's own Django with the modules it needs and unpacks them into a cache folder: no root needed, nothing
 * installed. Answers the folder for PYTHONPATH. Throws where that cannot work.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>}
 */
export async function unpackDjango(env) {
  const cache = cacheFolder(env)
  const home = join(cache, `django-${process.arch}-${await distribution()}`)
  const modules = 'usr/lib/python3/dist-packages'
  if (await exists(join(home, modules))) return join(home, modules)

  await mkdir(cache, { recursive: true })
  // Callers side by side each work in a folder of their own; the first one to finish gives the cache its content.
  const work = await mkdtemp(join(cache, 'unpacking-'))
  try {
    for (const folder of ['archives', 'done', 'lists/partial'])
      await mkdir(join(work, folder), { recursive: true })
    const archives = join(work, 'archives')
    await download(archives, []).catch(async () => {
      // The machine's package lists are absent or too old: fetch some of our own, beside the system's.
      const own = ['-o', `Dir::State::Lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${work}`]
      await apt('apt-get', [...own, 'update'], work)
      await download(archives, own)
    })
    for (const archive of await readdir(archives)) {
      await run('dpkg', ['-x', join(archives, archive), join(work, 'done')], { timeout: TIMEOUT_MS })
    }
    await rename(join(work, 'done'), home).catch(async (error) => {
      if (!(await exists(join(home, modules)))) throw error
    })
    return join(home, modules)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function download(folder, options) {
  const quiet = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  )
  const { stdout } = await apt(
    'apt-cache',
    [...options, 'depends', '--recurse', ...quiet, ...PACKAGES],
    folder,
  )
  // Python itself is not brought along, only what is written for it.
  const names = stdout
    .split('\n')
    .filter((line) => /^python3-[\w.+-]+$/.test(line) && line !== 'python3-minimal')
  await apt('apt-get', [...options, 'download', ...new Set(names)], folder)
}
