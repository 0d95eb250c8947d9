import { createSessions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import { describe, expect, test } from 'vitest'
import { connectRedisFormat, fastifySessionFormat, koaSessionFormat } from './index.ts'

const formats = [connectRedisFormat(), koaSessionFormat(), fastifySessionFormat()]

describe.each(formats.map((format) => [format.name, format] as const))(
  'the sessions of an owner, as %s',
  (_, format) => {
    /** A store of its own for each try of a test. */
    function begin() {
      const store = memoryStore()
      const sessions = createSessions({ store, format, maxSessionsPerOwner: 3 })
      async function logIn(owner: string) {
        const context = sessions.open({})
        const session = await context.session()
        await session.authenticate(owner, { label: `of ${owner}` })
        await context.commit()
        return session
      }
      const handles = async (owner: string) => (await sessions.listByOwner(owner)).map(({ handle }) => handle)
      return { store, sessions, logIn, handles }
    }

    test('are listed, kept to a number and ended', async () => {
      const { sessions, logIn, handles } = begin()
      const bob = await logIn('bob')
      const logins = [await logIn('ann'), await logIn('ann'), await logIn('ann'), await logIn('ann')] as const
      const expected = logins.slice(1).reverse()
      expect(await handles('ann')).toEqual(expected.map(({ handle }) => handle))
      expect((await sessions.listByOwner('ann'))[0]).toMatchObject({ label: 'of ann' })

      const context = sessions.open({ id: logins[1].id })
      const rotated = await context.session()
      await rotated.rotate()
      await context.commit()
      expect((await handles('ann')).at(-1)).toBe(rotated.handle)

      expect(await sessions.destroyByOwner('ann', { except: rotated })).toBe(2)
      expect(await handles('ann')).toEqual([rotated.handle])
      expect(await sessions.destroyByOwner('ann')).toBe(1)
      expect(await handles('ann')).toEqual([])
      expect(await handles('bob')).toEqual([bob.handle])
    })

    test('that the other library began are listed once Tegata has logged somebody in', async () => {
      const { store, sessions, handles } = begin()
      const id = 'vUl2pVTjxDkb3LxSSwGHJSHRQRiEEKqN'
      const expiresAt = Date.now() + 60_000
      const expires = new Date(expiresAt).toISOString()
      const life =
        format.name === 'koa-session'
          ? { _expire: expiresAt, _maxAge: 60_000 }
          : { cookie: { originalMaxAge: 60_000, expires, httpOnly: true, path: '/' } }
      const value = new TextEncoder().encode(JSON.stringify({ ...life, n: 1 }))
      await store.create(format.keyOf(id), value, expiresAt)
      const context = sessions.open({ id })
      const session = await context.session()
      await session.authenticate('eve')
      await context.commit()
      expect(session.data.n).toBe(1)
      expect(await handles('eve')).toEqual([session.handle])
    })
  },
)
