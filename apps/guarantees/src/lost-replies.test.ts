import { createSessions, handleOf, type Sessions } from '@tegata/core'
import { clusterOrSkip, LossyProxy, redisOrSkip } from '@tegata/test-servers'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OpenStore, ofIoredis, ofNodeRedis } from './clients.ts'

interface Data {
  n?: number
}

const WRITE = /EVAL|UNLINK/i

/** How many writes a verb takes; an index of owners has a slot of its own. */
interface Steps {
  login: number
  /** Of a session that has an owner. */
  rotate: number
  move: number
}

const ofServer: Steps = { login: 1, rotate: 1, move: 1 }
const ofCluster: Steps = { login: 2, rotate: 3, move: 2 }
const upTo = (steps: number) => Array.from({ length: steps }, (_, i) => i + 1)

/** What holds whatever a reply is lost to: what was done is told as done, and done once. */
function tellWhatWasDone(
  connect: (proxy: LossyProxy) => OpenStore | Promise<OpenStore>,
  servers: () => readonly { port: number }[],
  { login, rotate, move }: Steps,
): void {
  let proxy: LossyProxy
  let open: OpenStore
  let sessions: Sessions<Data>
  beforeEach(async () => {
    proxy = await new LossyProxy(servers()).open()
    open = await connect(proxy)
    sessions = createSessions<Data>({ store: open.store, storeTimeout: 5 })
    // Each script once: its text is sent with the first.
    await logIn('ann')
    await sessions.destroyByOwner('ann')
  })
  afterEach(() => {
    open.close()
    proxy.close()
  })

  const idOf = (context: ReturnType<typeof sessions.open>) =>
    /^sid=([^;]+)/.exec(context.headers().setCookies[0] ?? '')?.[1] ?? expect.fail('no cookie')

  async function logIn(owner: string, n = 1): Promise<string> {
    const context = sessions.open({})
    const session = await context.session()
    await session.authenticate(owner)
    session.data.n = n
    await context.commit()
    return idOf(context)
  }

  const load = (id: string) => sessions.open({ cookie: `sid=${id}` }).session()

  test.each(upTo(login))('a login, step %i', async (step) => {
    const owner = `bob ${step}`
    await sessions.destroyByOwner(owner)
    proxy.lose(WRITE, step)
    const id = await logIn(owner)
    expect(proxy.lost).toBe(1)
    expect(await load(id)).toMatchObject({ isNew: false, owner, data: { n: 1 } })
    expect(await sessions.listByOwner(owner)).toMatchObject([{ handle: handleOf(id) }])
    expect(await sessions.destroyByOwner(owner)).toBe(1)
  })

  test('a write', async () => {
    const id = await logIn('bob')
    const context = sessions.open({ cookie: `sid=${id}` })
    const session = await context.session()
    session.data.n = 2
    proxy.lose(WRITE)
    await context.commit()
    expect(proxy.lost).toBe(1)
    expect((await load(id)).data).toEqual({ n: 2 })
  })

  test('an exact count', async () => {
    const id = await logIn('bob')
    const session = await load(id)
    proxy.lose(WRITE)
    const counted = await session.update((data) => {
      data.n = (data.n ?? 0) + 1
      return data.n
    })
    expect(proxy.lost).toBe(1)
    expect(counted).toBe(2)
    expect((await load(id)).data).toEqual({ n: 2 })
  })

  test.each(upTo(rotate))('a new id, step %i', async (step) => {
    for (let round = 0; round < 5; round++) {
      await sessions.destroyByOwner('bob')
      const old = await logIn('bob')
      const context = sessions.open({ cookie: `sid=${old}` })
      await (await context.session()).rotate()
      proxy.lose(WRITE, step)
      await context.commit()
      expect(proxy.lost).toBe(round + 1)
      expect(await load(idOf(context))).toMatchObject({ isNew: false, owner: 'bob', data: { n: 1 } })
      expect(await load(old)).toMatchObject({ isNew: true })
      const handle = handleOf(idOf(context))
      expect(await sessions.listByOwner('bob')).toMatchObject([{ handle }])
    }
  })

  test.each(upTo(move))('a move in a format without marks, step %i', async (step) => {
    const utf8 = (text: string) => new TextEncoder().encode(text)
    const expiresAt = Date.now() + 60_000
    for (let round = 0; round < 5; round++) {
      const [from, to] = [`from ${step} ${round}`, `to ${step} ${round}`]
      await open.store.create(from, utf8('A'), expiresAt)
      proxy.lose(WRITE, step)
      const move = () => open.store.rotate(from, to, utf8('B'), expiresAt, { whole: utf8('A') })
      // Made again by whoever asked, where the client does not by itself.
      expect(await move().catch(move)).toEqual({ outcome: 'replaced' })
      expect(await open.store.read(from)).toBeNull()
      expect(await open.store.read(to)).toEqual({ value: utf8('B') })
    }
    expect(proxy.lost).toBe(5)
  })

  test.each([1, 2, 3])('the end of all sessions of an owner, write %i', async (nth) => {
    const ids = [await logIn('eve'), await logIn('eve'), await logIn('eve')]
    proxy.lose(WRITE, nth)
    await sessions.destroyByOwner('eve')
    expect(proxy.lost).toBe(1)
    for (const id of ids) expect(await load(id)).toMatchObject({ isNew: true })
    expect(await sessions.listByOwner('eve')).toEqual([])
  })

  test.each([1, 2, 3, 4])('a login over the maximum, write %i', async (nth) => {
    const capped = createSessions<Data>({ store: open.store, maxSessionsPerOwner: 2 })
    const owner = `max ${nth}`
    await sessions.destroyByOwner(owner)
    const first = await logIn(owner)
    await logIn(owner)
    const context = capped.open({})
    await (await context.session()).authenticate(owner)
    proxy.lose(WRITE, nth)
    await context.commit()
    expect(proxy.lost).toBe(1)
    expect(await sessions.listByOwner(owner)).toHaveLength(2)
    expect(await load(first)).toMatchObject({ isNew: true })
  })

  test('a logout', async () => {
    const id = await logIn('bob')
    proxy.lose(WRITE)
    expect(await sessions.open({ cookie: `sid=${id}` }).destroy()).toBe(true)
    expect(proxy.lost).toBe(1)
    expect(await load(id)).toMatchObject({ isNew: true })
  })
}

describe('where a reply is lost, the store tells what was done, and does it once', async () => {
  await redisOrSkip('on a server', (redis) => {
    const servers = () => [redis]
    describe('ioredis', () => {
      tellWhatWasDone(({ nodes }) => ofIoredis(new Redis({ ...nodes[0] })), servers, ofServer)
    })
    describe('ioredis that sends nothing again by itself', () => {
      const options = { maxRetriesPerRequest: 0, retryStrategy: () => 20 }
      tellWhatWasDone(({ nodes }) => ofIoredis(new Redis({ ...nodes[0], ...options })), servers, ofServer)
    })
    describe('node-redis', () => {
      tellWhatWasDone(
        ({ nodes }) => ofNodeRedis(createClient({ socket: { ...nodes[0] } })),
        servers,
        ofServer,
      )
    })
  })

  await clusterOrSkip('on a Cluster', (cluster) => {
    const servers = () => cluster.servers
    describe('ioredis', () => {
      const connect = ({ nodes, addressMap }: LossyProxy) =>
        ofIoredis(new Cluster(nodes, { natMap: addressMap }))
      tellWhatWasDone(connect, servers, ofCluster)
    })
    describe('node-redis', () => {
      const connect = ({ nodes, addressMap }: LossyProxy) => {
        const rootNodes = nodes.map((socket) => ({ socket }))
        return ofNodeRedis(createCluster({ rootNodes, nodeAddressMap: addressMap }))
      }
      tellWhatWasDone(connect, servers, ofCluster)
    })
  })
})
