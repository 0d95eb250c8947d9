import { isIndexKey } from '@tegata/core'
import { redisOrSkip } from '@tegata/test-servers'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './browser.ts'
import { libraries, MAX_AGE, type Running } from './libraries.ts'

await redisOrSkip('an old server and one with Tegata on the same sessions', (server) => {
  describe.each(Object.entries(libraries))('of %s', (_, library) => {
    let redis: Redis
    let old: Running
    let tegata: Running
    beforeAll(async () => {
      redis = new Redis(server.port)
      ;[old, tegata] = await Promise.all([library.old(server), library.tegata(server)])
    })
    afterAll(async () => {
      await Promise.all([old.stop(), tegata.stop()])
      await redis.quit()
    })

    /** Beside the index of an owner, which outlives a logout that does not know it. */
    const sessionKeys = async () =>
      (await redis.keys('*')).filter((key) => !isIndexKey(key, library.format.prefix))
    const onlyKey = async () => {
      const keys = await sessionKeys()
      expect(keys).toHaveLength(1)
      return keys[0] as string
    }
    const pairs = () => [
      { first: old, second: tegata },
      { first: tegata, second: old },
    ]
    const clean = () => redis.flushall()

    test('a session that began at one of them goes on at the other, and back, with all it holds', async () => {
      for (const { first, second } of pairs()) {
        await clean()
        const browser = new Browser()
        await browser.get(`${first.url}/login?name=ada`)
        expect(await browser.get(second.url)).toEqual({ user: 'ada' })
        await browser.get(`${second.url}/write?name=keya&value=1`)
        await browser.get(`${first.url}/write?name=keyb&value=2`)
        await browser.get(`${second.url}/write?name=keyc&value=3`)
        const all = { user: 'ada', keya: '1', keyb: '2', keyc: '3' }
        expect(await browser.get(first.url)).toEqual(all)
        expect(await browser.get(second.url)).toEqual(all)
        await onlyKey()
      }
    })

    test('a logout at one of them is a logout at the other', async () => {
      for (const { first, second } of pairs()) {
        await clean()
        const browser = new Browser()
        await browser.get(`${first.url}/login?name=ada`)
        await browser.get(second.url)
        const stolen = browser.copy()
        await browser.get(`${second.url}/logout`)
        expect(await stolen.get(first.url)).toEqual({})
        expect(await stolen.copy().get(second.url)).toEqual({})
        expect(await sessionKeys()).toEqual([])
      }
    })

    test('a login at one of them ends the id that came from the other', async () => {
      for (const { first, second } of pairs()) {
        await clean()
        const browser = new Browser()
        await browser.get(`${first.url}/write?name=keya&value=1`)
        const before = browser.copy()
        await browser.get(`${second.url}/login?name=ada`)
        expect(await browser.get(first.url)).toMatchObject({ user: 'ada' })
        expect(await before.copy().get(first.url)).toEqual({})
        expect(await before.copy().get(second.url)).toEqual({})
        await onlyKey()
      }
    })

    test('each keeps what only the other knows: the owner, and members that nobody has heard of', async () => {
      await clean()
      const browser = new Browser()
      await browser.get(`${tegata.url}/login?name=ada`)
      await browser.get(`${old.url}/write?name=keya&value=1`)
      const key = await onlyKey()
      const decode = async () => {
        const decoded = library.format.decode((await redis.getBuffer(key)) as Uint8Array, key)
        return decoded === 'ended' ? undefined : decoded.header
      }
      const header = await decode()
      expect(header).toMatchObject({ expiry: MAX_AGE / 1000, ...(library.hasOwners && { owner: 'ada' }) })
      expect(Number.isFinite(header?.createdAt)).toBe(library.hasOwners)

      const value = JSON.parse((await redis.get(key)) as string)
      await redis.set(key, JSON.stringify({ ...value, unheard: { of: [1] } }), 'KEEPTTL')
      await browser.get(`${tegata.url}/write?name=keyb&value=2`)
      await browser.get(`${old.url}/write?name=keyc&value=3`)
      expect(JSON.parse((await redis.get(key)) as string).unheard).toEqual({ of: [1] })
      expect(await decode()).toMatchObject({
        createdAt: header?.createdAt,
        ...(library.hasOwners && { owner: 'ada' }),
      })
    })

    test('both give it the same time to live, in the store and in the value', async () => {
      for (const { first, second } of pairs()) {
        await clean()
        const browser = new Browser()
        await browser.get(`${first.url}/login?name=ada`)
        const key = await onlyKey()
        const idle = async () => {
          const decoded = library.format.decode((await redis.getBuffer(key)) as Uint8Array, key)
          return decoded !== 'ended' && decoded.header.idle
        }
        expect(await idle()).toBe(MAX_AGE / 1000)
        await redis.pexpire(key, 20_000)
        await browser.get(`${second.url}/write?name=keya&value=1`)
        expect(await idle()).toBe(MAX_AGE / 1000)
        expect(await redis.pttl(key)).toBeGreaterThan(50_000)
        expect(await redis.pttl(key)).toBeLessThanOrEqual(MAX_AGE + 10_000)
      }
    })

    test('a cookie that nobody signed is one to neither', async () => {
      await clean()
      const browser = new Browser()
      await browser.get(`${old.url}/login?name=ada`)
      for (const [name, value] of browser.cookies) {
        const forged = browser.copy()
        forged.cookies.set(
          name,
          value.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x')),
        )
        expect(await forged.copy().get(old.url)).toEqual({})
        expect(await forged.copy().get(tegata.url)).toEqual({})
      }
    })
  })
})
