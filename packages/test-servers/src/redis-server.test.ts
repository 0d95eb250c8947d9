import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findRedis } from './find-redis.mjs'
import { redisOrSkip } from './redis-or-skip.ts'
import { startRedis } from './redis-server.ts'

const run = promisify(execFile)

async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'tegata-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The machine's path as one folder of links, with everything but a Redis. */
async function pathWithoutRedis() {
  const folder = await temporaryFolder()
  const seen = new Set<string>()
  for (const part of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of await readdir(part).catch(() => [])) {
      if (seen.has(name) || /^(redis|valkey)/.test(name)) continue
      seen.add(name)
      await symlink(join(part, name), join(folder, name))
    }
  }
  return folder
}

const has = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  )

const unpackable = (await has('/usr/bin/apt-get')) && (await has('/usr/bin/dpkg'))
if (!unpackable)
  console.warn('Skipped: unpacking the package of the distribution. This is neither Debian nor Ubuntu.')

describe('findRedis', () => {
  test('says in one line how to get one where there is none', async () => {
    const empty = await temporaryFolder()
    const script = `console.log(JSON.stringify(await (await import(process.argv[1])).findRedis()))`
    const { stdout } = await run(
      process.execPath,
      ['--input-type=module', '-e', script, new URL('./find-redis.mjs', import.meta.url).href],
      { env: { PATH: empty, XDG_CACHE_HOME: empty } },
    )
    expect(JSON.parse(stdout)).toEqual({
      missing: expect.stringMatching(/^no redis-server[^\n]+REDIS_SERVER[^\n]+$/),
    })
  })

  test('says so when REDIS_SERVER does not name a server', async () => {
    expect(await findRedis({ ...process.env, REDIS_SERVER: '/nowhere/redis-server' })).toEqual({
      missing: expect.stringContaining('REDIS_SERVER'),
    })
  })

  test.skipIf(!unpackable)(
    'unpacks the package of the distribution where none is installed, callers side by side included',
    async () => {
      const env = {
        ...process.env,
        REDIS_SERVER: '',
        PATH: await pathWithoutRedis(),
        XDG_CACHE_HOME: await temporaryFolder(),
      }
      const script = `console.log(JSON.stringify(await (await import(process.argv[1])).findRedis()))`
      const find = () =>
        run(
          process.execPath,
          ['--input-type=module', '-e', script, new URL('./find-redis.mjs', import.meta.url).href],
          { env },
        )
      for (const { stdout } of await Promise.all([find(), find()])) {
        const found = JSON.parse(stdout)
        expect(found.server.startsWith(env.XDG_CACHE_HOME)).toBe(true)
        expect((await run(found.server, ['--version'], { env: {} })).stdout).toContain('v=')
        expect((await run(found.cli, ['--version'], { env: {} })).stdout).toContain('-cli')
      }
    },
    240_000,
  )
})

await redisOrSkip(
  'startRedis',
  (redis) => {
    test('listens on a loopback port', async () => {
      expect(redis.url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/)
      expect(await redis.cli('ping')).toBe('PONG')
    })

    test('records what clients send and what scripts call', async () => {
      const monitor = await redis.monitor()
      await redis.cli(
        'eval',
        "return redis.call('set', KEYS[1], ARGV[1])",
        '1',
        'k',
        'quote " and \\ and\nline',
      )
      expect(await monitor.commands()).toMatchObject([
        { name: 'EVAL', inScript: false },
        { name: 'SET', args: ['k', 'quote " and \\ and\nline'], inScript: true },
      ])
      await redis.cli('get', 'k')
      expect(await monitor.names()).toEqual(['GET'])
    })

    test('answers nothing while it is frozen', async () => {
      redis.freeze()
      const answer = redis.cli('ping')
      expect(
        await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 150, 'silence'))]),
      ).toBe('silence')
      redis.thaw()
      expect(await answer).toBe('PONG')
    })

    test('keeps port and data over a crash and a restart', async () => {
      const { url, pid } = redis
      await redis.cli('set', 'kept', 'yes')
      await redis.kill()
      expect(redis.pid).toBeUndefined()
      await redis.restart()
      expect(redis.url).toBe(url)
      expect(redis.pid).not.toBe(pid)
      expect(await redis.cli('get', 'kept')).toBe('yes')
    })

    test('ends with the process that started it, even when that is killed and the server is frozen', async () => {
      const script = `
        const { startRedis } = await import(process.argv[1])
        const redis = await startRedis()
        redis.freeze()
        console.log(redis.pid)
        setInterval(() => {}, 1000)`
      // Types are stripped by the bundler that vitest brings along, as this Node may not know them.
      const { buildSync } = await import('esbuild')
      const built = join(await temporaryFolder(), 'redis-server.mjs')
      buildSync({
        entryPoints: [new URL('./redis-server.ts', import.meta.url).pathname],
        bundle: true,
        platform: 'node',
        format: 'esm',
        // For dependencies in CommonJS, which ask for Node's own modules when they load.
        banner: {
          js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
        },
        outfile: built,
      })
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, built], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      // What holds an output of the runner keeps it from ending.
      onTestFinished(() => void child.kill('SIGKILL'))
      const pid = Number(String((await once(child.stdout, 'data'))[0]))
      expect(isAlive(pid)).toBe(true)
      child.kill('SIGKILL')
      await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false)
    })
  },
  { appendOnly: true },
)

function isAlive(pid: number) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

await redisOrSkip('servers', () => {
  test('live side by side', async () => {
    const [a, b] = await Promise.all([startRedis(), startRedis()])
    await a.cli('set', 'k', 'a')
    expect(await b.cli('get', 'k')).toBe('')
    await Promise.all([a.stop(), b.stop()])
  })
})
