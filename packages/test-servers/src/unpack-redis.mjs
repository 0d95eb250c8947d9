import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const repository = fileURLToPath(new URL('../../..', import.meta.url))
export const TIMEOUT_MS = 180_000

/** Whichever of these the distribution has: the server, and what holds its client (and, on Debian, its binary). */
const CHOICES = [
  { name: 'redis', packages: ['redis-server', 'redis-tools'] },
  { name: 'valkey', packages: ['valkey-server', 'valkey-tools'] },
]

/**
 * Downloads the distribution's own package and unpacks it into a cache folder: no root needed, nothing installed.
 * Answers the path of the server. Throws where that cannot work.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>}
 */
export async function unpackRedis(env) {
  const cache = cacheFolder(env)
  const home = join(cache, `redis-${process.arch}-${await distribution()}`)
  const server = join(home, 'redis-server')
  if (await exists(server)) return server

  await mkdir(cache, { recursive: true })
  // Callers side by side each work in a folder of their own; the first one to finish gives the cache its content.
  const work = await mkdtemp(join(cache, 'unpacking-'))
  try {
    await fill(work)
    await rename(join(work, 'done'), home).catch(async (error) => {
      if (!(await exists(server))) throw error
    })
    return server
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Where what was unpacked stays, for all callers of this checkout. */
export const cacheFolder = (env) =>
  env.XDG_CACHE_HOME ? join(env.XDG_CACHE_HOME, 'tegata') : join(repository, 'node_modules/.cache/tegata')

async function fill(work) {
  const archives = join(work, 'archives')
  const root = join(work, 'done/root')
  for (const folder of [archives, root, join(work, 'lists/partial')]) await mkdir(folder, { recursive: true })

  const choice = await download(archives, []).catch(async () => {
    // The machine's package lists are absent or too old: fetch some of our own, beside the system's.
    const own = ['-o', `Dir::State::Lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${work}`]
    await apt('apt-get', [...own, 'update'], work)
    return download(archives, own)
  })
  for (const archive of await readdir(archives)) {
    await run('dpkg', ['-x', join(archives, archive), root], { timeout: TIMEOUT_MS })
  }
  const libraries = await foldersOfLibraries(root)
  for (const tool of ['server', 'cli']) {
    await wrap(join(work, 'done', `redis-${tool}`), `root/usr/bin/${choice.name}-${tool}`, libraries)
  }
}

async function download(folder, options) {
  let failure
  for (const choice of CHOICES) {
    try {
      const { stdout } = await apt('apt-cache', [...options, 'depends', ...choice.packages], folder)
      // Only what those two name themselves: the C library and its like are there on any machine.
      const libraries = [...stdout.matchAll(/^ +\|?Depends: (lib[\w.+-]+)$/gm)].map((match) => match[1])
      const needed = new Set(libraries.filter((name) => !/^lib(c6|gcc|stdc\+\+)/.test(name)))
      await apt('apt-get', [...options, 'download', ...choice.packages, ...needed], folder)
      return choice
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

export const apt = (command, args, cwd) =>
  run(command, ['-o', 'APT::Sandbox::User=', '-o', 'Debug::NoLocking=1', '-q', ...args], {
    cwd,
    timeout: TIMEOUT_MS,
    env: { ...process.env, LC_ALL: 'C' },
  })

/** A script that finds the unpacked libraries wherever the cache folder is moved, and that `exec` makes the process itself. */
async function wrap(file, executable, libraries) {
  const paths = libraries.map((folder) => `$here/root/${folder}`).join(':')
  await writeFile(
    file,
    `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="${paths}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/${executable}" "$@"
`,
  )
  await chmod(file, 0o755)
}

async function foldersOfLibraries(root) {
  const files = await readdir(root, { recursive: true })
  return [...new Set(files.filter((file) => /\.so(\.|$)/.test(file)).map(dirname))]
}

export async function distribution() {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const field = (name) => new RegExp(`^${name}="?([\\w.-]+)`, 'm').exec(text)?.[1]
  if (!/debian|ubuntu/.test(`${field('ID')} ${text}`)) {
    throw new Error('this is neither Debian nor Ubuntu, whose package could be unpacked')
  }
  return `${field('ID')}-${field('VERSION_ID') ?? 'rolling'}`
}

export const exists = (file) =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
