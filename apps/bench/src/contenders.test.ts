import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisOrSkip } from '@tegata/test-servers'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildServer } from './build-server.ts'
import { columns } from './contenders/index.ts'
import type { Mode } from './scenario.ts'
import { ServerProcess } from './server-process.ts'

/** Requests as of one browser. */
function browser(port: number) {
  const jar = new Map<string, string>()
  return async (path: string): Promise<number> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } })
    expect(response.status).toBe(200)
    for (const text of response.headers.getSetCookie()) {
      const [name = '', value = ''] = text.split(';')[0]?.split(/=(.*)/s) ?? []
      jar.set(name, value)
    }
    return ((await response.json()) as { n: number }).n
  }
}

await redisOrSkip('a contender does what it is measured for', (redis) => {
  // Once: every process would else spend most of its time on it.
  let built: string
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tegata-bench-'))
    built = await buildServer(folder)
    return () => rm(folder, { recursive: true })
  })
  const names = Object.keys(columns).filter((name) => !columns[name]?.isBare)

  test.each(names)('%s begins sessions without requests as by them, where it can', async (name) => {
    const server = await ServerProcess.start(name, 'eager', redis.url, built)
    onTestFinished(() => server?.stop())
    await redis.flush()
    if (!(await server?.fill(1, 200))) return
    await server?.fill(1500, 200)
    expect(Number(await redis.cli('dbsize'))).toBe(1501)
    const [key = ''] = (await redis.cli('keys', '*')).split('\n')
    const [size, ttl] = [await redis.cli('strlen', key), await redis.cli('ttl', key)]
    await redis.flush()
    await fetch(`http://127.0.0.1:${server?.port}/start?size=200`)
    const [byRequest = ''] = (await redis.cli('keys', '*')).split('\n')
    expect(byRequest).toHaveLength(key.length)
    expect(await redis.cli('strlen', byRequest)).toBe(size)
    expect(Math.abs(Number(await redis.cli('ttl', byRequest)) - Number(ttl))).toBeLessThan(10)
  })

  describe.each(names)('%s', (name) => {
    test.each<Mode>(['eager', 'lazy', 'rolling'])(
      'keeps, changes and ends sessions: %s, where it has that mode',
      { timeout: 60_000 },
      async (mode) => {
        const server = await ServerProcess.start(name, mode, redis.url, built)
        if (!server) return
        onTestFinished(() => server.stop())
        const get = browser(server.port)
        expect(await get('/read')).toBe(0)
        await get('/start?size=200')
        await get('/ignore')
        expect(await get('/write')).toBe(1)
        expect(await get('/write')).toBe(2)
        expect(await get('/read')).toBe(2)
        await get('/login')
        await get('/logout')
        expect(await get('/read')).toBe(0)
      },
    )
  })
})
