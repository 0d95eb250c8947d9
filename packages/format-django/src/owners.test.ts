import { createSessions } from '@tegata/core'
import { memoryStore } from '@tegata/store-memory'
import { describe, expect, test } from 'vitest'
import { djangoLogin } from './django-auth.ts'
import { djangoFormat } from './django-format.ts'

const format = djangoFormat()
const login = { password: 'pbkdf2_sha256$1$salt$hash', secret: 'secret' }

function setUp() {
  const store = memoryStore()
  const sessions = createSessions<Record<string, unknown>>({ store, format })
  const handles = async (owner: string) => (await sessions.listByOwner(owner)).map(({ handle }) => handle)
  async function logIn(id: number) {
    const context = sessions.open({})
    const session = await context.session()
    await djangoLogin(session, { ...login, id })
    await context.commit()
    return session
  }
  return { store, sessions, handles, logIn }
}

describe("the sessions of Django's users", () => {
  test('that logged in here are listed by the id of the user, and ended', async () => {
    const { sessions, handles, logIn } = setUp()
    const [first, second, other] = [await logIn(7), await logIn(7), await logIn(8)]
    expect(await handles('7')).toEqual([second.handle, first.handle])
    expect(await sessions.destroyByOwner('7', { except: first })).toBe(1)
    expect(await handles('7')).toEqual([first.handle])
    expect(await handles('8')).toEqual([other.handle])
  })

  test('that logged in at Django are listed from the first write here on', async () => {
    const { store, sessions, handles } = setUp()
    const id = format.createId((bytes) => crypto.getRandomValues(new Uint8Array(bytes)))
    const now = Date.now()
    const header = { createdAt: now, writtenAt: now, idle: 1000, until: now + 1_000_000 }
    const data = format.serialize({ _auth_user_id: '9', _auth_user_backend: 'b', _auth_user_hash: 'h' })
    const random = (bytes: number) => new Uint8Array(bytes)
    const key = format.keyOf(id)
    await store.create(key, format.encode(header, data, key, random), now + 1_000_000)

    expect((await sessions.open({ id }).session()).owner).toBe('9')
    expect(await handles('9')).toEqual([])
    const context = sessions.open({ id })
    const session = await context.session()
    session.data.visits = 1
    await context.commit()
    expect(await handles('9')).toEqual([session.handle])
    expect(await sessions.destroyByOwner('9')).toBe(1)
    expect((await sessions.open({ id }).session()).isNew).toBe(true)
  })
})
