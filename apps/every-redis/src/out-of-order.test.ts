import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { StoreUnavailableError } from '@tegata/core'
import { allowUser, RedisServer, redisOrSkip, until, user } from '@tegata/test-servers'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Address, type Opened, standaloneClients } from './clients.ts'
import { sessionsOn, Visitor, visitorsOf } from './visitors.ts'

const NOT_APPLIED = { code: 'STORE_UNAVAILABLE', outcome: 'not-applied' }
const clients = Object.entries(standaloneClients)

let opened: Opened | undefined
afterEach(() => opened?.close())

/** What Redis or the client said, which clients of the application never see. */
async function causeOf(failing: Promise<unknown>): Promise<string> {
  const error = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StoreUnavailableError)
  return String(((error as Error).cause as Error).message)
}

await redisOrSkip('a server that is out of memory', (redis) => {
  const limit = (bytes: string, policy: string) =>
    redis.cli('config', 'set', 'maxmemory-policy', policy, 'maxmemory', bytes)
  beforeEach(() => redis.flush())
  afterEach(() => limit('0', 'noeviction'))

  describe.each(clients)('through %s', (_, open) => {
    test('and evicts nothing: reads, new deadlines and logouts work, writes are refused, and no one is logged out', async () => {
      opened = await open(redis)
      const [ann, ben] = await visitorsOf(sessionsOn(opened.store), 2)
      const rolling = sessionsOn(opened.store, { rolling: true })
      const cat = new Visitor(rolling)
      await cat.count()
      await limit('1', 'noeviction')

      const cookie = ann?.cookie
      expect(await ann?.read()).toMatchObject({ isNew: false, n: 1 })
      await expect(
        ann?.request((session) => {
          session.data.n = 2
        }),
      ).rejects.toMatchObject(NOT_APPLIED)
      await expect(ann?.rotate()).rejects.toMatchObject(NOT_APPLIED)
      await expect(ann?.request((session) => session.authenticate('ann'))).rejects.toMatchObject(NOT_APPLIED)
      const guest = new Visitor(rolling)
      await guest.count()
      expect(guest.failures).toMatchObject([NOT_APPLIED])
      expect(guest.cookie).toBeUndefined()
      expect(await ann?.read()).toMatchObject({ isNew: false, n: 1 })
      expect(ann?.cookie).toBe(cookie)

      expect(await cat.read()).toMatchObject({ isNew: false, n: 1 })
      await ben?.request((session) => session.destroy())
      expect(ben?.cleared).toBe(1)
      expect(await ben?.read()).toMatchObject({ isNew: true })

      await limit('0', 'noeviction')
      await ann?.count()
      expect(await ann?.read()).toMatchObject({ n: 2 })
    })

    test('and evicts: an evicted session is a missing one, never an error', async () => {
      opened = await open(redis)
      const visitors = await visitorsOf(sessionsOn(opened.store), 40)
      const used = Number(/used_memory:(\d+)/.exec(await redis.cli('info', 'memory'))?.[1])
      await limit(String(used + 2_000_000), 'volatile-ttl')
      for (const visitor of visitors) {
        await visitor.request((session) => {
          session.data.text = 'x'.repeat(200_000)
        })
      }
      const found = []
      for (const visitor of visitors) found.push(await visitor.read())
      const evicted = found.filter(({ isNew }) => isNew)
      expect(evicted.length).toBeGreaterThan(0)
      expect(evicted.length).toBeLessThan(visitors.length)
      for (const visitor of visitors) expect(visitor.cleared).toBe(0)
    })
  })
})

await redisOrSkip('a replica that takes no writes', (primary) => {
  const replica = new RedisServer()
  beforeAll(async () => {
    await replica.start()
    await replica.cli('replicaof', '127.0.0.1', String(primary.port))
    await until('the replica is in step', async () => (await replica.cli('role')).includes('connected'))
    return () => replica.stop()
  })

  test.each(clients)(
    'through %s: reads work; writes and logouts fail and say so, and no one is logged out',
    async (_, open) => {
      opened = await open(primary)
      const [ann] = await visitorsOf(sessionsOn(opened.store), 1)
      opened.close()
      await until('the replica has the session', async () => (await replica.cli('dbsize')) !== '0')

      opened = await open(replica)
      const reader = new Visitor(sessionsOn(opened.store))
      const cookie = ann?.cookie
      reader.cookie = cookie
      expect(await reader.read()).toMatchObject({ isNew: false, n: 1 })
      await reader.count()
      expect(reader.failures).toMatchObject([NOT_APPLIED])
      await expect(reader.rotate()).rejects.toMatchObject(NOT_APPLIED)
      expect(await causeOf(reader.request((session) => session.destroy()))).toContain('READONLY')
      expect(reader.cookie).toBe(cookie)
      const rolling = new Visitor(sessionsOn(opened.store, { rolling: true }))
      rolling.cookie = cookie
      await expect(rolling.read()).rejects.toMatchObject(NOT_APPLIED)
      expect(rolling.cookie).toBe(cookie)
      expect(await reader.read()).toMatchObject({ isNew: false, n: 1 })
    },
  )
})

/** Nobody gets in: nothing is read or written, no cookie is set or taken away, and the store says so in time. */
async function expectNobodyServed({ store }: Opened, cookie: string): Promise<void> {
  const sessions = sessionsOn(store, { storeTimeout: 1 })
  const [guest, reader, leaver] = [new Visitor(sessions), new Visitor(sessions), new Visitor(sessions)]
  for (const known of [reader, leaver]) known.cookie = cookie
  await Promise.all([
    expect(reader.read()).rejects.toMatchObject(NOT_APPLIED),
    expect(leaver.request((session) => session.destroy())).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    }),
  ])
  await guest.count()
  expect(guest.failures).toHaveLength(1)
  expect(guest.cookie).toBeUndefined()
  for (const known of [reader, leaver]) expect(known.cookie).toBe(cookie)
}

await redisOrSkip('a server that refuses the client', (redis) => {
  let cookie = ''
  const known = async (open: (address: Address) => Promise<Opened>) => {
    opened = await open(redis)
    const [visitor] = await visitorsOf(sessionsOn(opened.store), 1)
    opened.close()
    cookie = visitor?.cookie ?? expect.fail('no cookie')
  }

  describe.each(clients)('through %s', (_, open) => {
    beforeEach(async () => {
      await allowUser(redis)
      await known(open)
    })

    describe('for', () => {
      const secret = ['-a', 'the-password', '--no-auth-warning']
      beforeEach(() => redis.cli('config', 'set', 'requirepass', 'the-password'))
      afterEach(() => redis.cli(...secret, 'config', 'set', 'requirepass', ''))

      test.each<[string, Partial<Address>]>([
        ['a wrong password', { password: 'a-guess' }],
        ['a wrong password of a user', { username: user.username, password: 'a-guess' }],
        ['no password (NOAUTH)', {}],
      ])('%s', async (_, credentials) => {
        opened = await open({ port: redis.port, ...credentials })
        await expectNobodyServed(opened, cookie)
      })
    })

    test('for a user that may not run scripts (NOPERM): reads work, writes do not, and no one is logged out', async () => {
      await allowUser(redis, '-eval', '-evalsha')
      opened = await open({ port: redis.port, ...user })
      const visitor = new Visitor(sessionsOn(opened.store))
      visitor.cookie = cookie
      expect(await visitor.read()).toMatchObject({ isNew: false, n: 1 })
      await visitor.count()
      expect(visitor.failures).toMatchObject([NOT_APPLIED])
      expect(await causeOf(visitor.rotate())).toContain('NOPERM')
      await expect(visitor.request((session) => session.destroy())).rejects.toMatchObject(NOT_APPLIED)
      expect(visitor.cookie).toBe(cookie)
    })

    test('for a user whose scripts may not write: writes are refused, and no one is logged out', async () => {
      await allowUser(redis, '-set')
      opened = await open({ port: redis.port, ...user })
      const visitor = new Visitor(sessionsOn(opened.store))
      visitor.cookie = cookie
      await visitor.count()
      expect(visitor.failures).toMatchObject([NOT_APPLIED])
      await expect(visitor.rotate()).rejects.toMatchObject(NOT_APPLIED)
      expect(await visitor.read()).toMatchObject({ isNew: false, n: 1 })
      expect(visitor.cookie).toBe(cookie)
    })

    test('for a database that it does not have: the client tells the application, and no one is logged out', async () => {
      opened = await open({ port: redis.port, database: 99 })
      const visitor = new Visitor(sessionsOn(opened.store, { storeTimeout: 1 }))
      visitor.cookie = cookie
      // Clients that go on do so in database 0, where the session is; the others let nobody in.
      const found = await visitor.read().catch((error) => error)
      expect(found).toMatchObject(found instanceof Error ? NOT_APPLIED : { isNew: false })
      expect(visitor.cookie).toBe(cookie)
      expect(opened.errors.map(({ message }) => message).join()).toContain('DB index is out of range')
    })
  })
})

const ID_OF_NOBODY = `__Host-sid=${'A'.repeat(32)}`

/** A port on which something else than Redis listens. */
function listening(server: Server) {
  return new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

describe.each<[string, () => Server]>([
  ['speaks HTTP', () => createHttpServer((_request, response) => response.end('hello'))],
  ['says nothing', () => createServer((socket) => socket.on('error', () => {}))],
  [
    'hangs up',
    () =>
      createServer((socket) => {
        socket.on('error', () => {})
        socket.end()
      }),
  ],
])('a port that %s', (_, create) => {
  test.concurrent.each(clients)(
    'through %s is an outage, told in time, and no one is logged out',
    async (_, open) => {
      const server = create()
      const sockets = new Set<{ destroy(): void }>()
      server.on('connection', (socket) => sockets.add(socket))
      const outage = await open({ port: await listening(server) }, { commandTimeout: 0.5 })
      try {
        const startedAt = Date.now()
        await expectNobodyServed(outage, ID_OF_NOBODY)
        // Requests side by side, each within its second for the load and its second for the commit.
        expect(Date.now() - startedAt).toBeLessThan(8000)
      } finally {
        outage.close()
        for (const socket of sockets) socket.destroy()
        server.close()
      }
    },
  )
})
