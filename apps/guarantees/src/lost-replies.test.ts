import { createSessions, type SessionStore, type Sessions } from '@tegata/core'
import { ioredisStore } from '@tegata/store-ioredis'
import { nodeRedisStore } from '@tegata/store-node-redis'
import { clusterOrSkip, LossyProxy, redisOrSkip } from '@tegata/test-servers'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

interface Data {
  n?: number
}

interface Client {
  on(event: 'error', listener: () => void): unknown
  connect?(): Promise<unknown>
  disconnect(): unknown
}

const WRITE = /EVAL|UNLINK/i

/** What holds whatever a reply is lost to: what was done is told as done, and done once. */
function tellWhatWasDone(
  connect: (proxy: LossyProxy) => { store: SessionStore; client: Client },
  servers: () => readonly { port: number }[],
  stepsOfRotate: number,
): void {
  let proxy: LossyProxy
  let client: Client
  let sessions: Sessions<Data>
  beforeEach(async () => {
    proxy = await new LossyProxy(servers()).open()
    const opened = connect(proxy)
    client = opened.client
    client.on('error', () => {})
    if ('isOpen' in client) await client.connect?.()
    sessions = createSessions<Data>({ store: opened.store, storeTimeout: 5 })
    await logIn('ann')
  })
  afterEach(() => {
    client.disconnect()
    proxy.close()
  })

  const idOf = (context: ReturnType<typeof sessions.open>) =>
    /^sid=([^;]+)/.exec(context.headers().setCookie ?? '')?.[1] ?? expect.fail('no cookie')

  async function logIn(owner: string, n = 1): Promise<string> {
    const context = sessions.open({})
    const session = await context.session()
    await session.authenticate(owner)
    session.data.n = n
    await context.commit()
    return idOf(context)
  }

  const load = (id: string) => sessions.open({ cookie: `sid=${id}` }).session()

  test('a login', async () => {
    proxy.lose(WRITE)
    const id = await logIn('bob')
    expect(proxy.lost).toBe(1)
    expect(await load(id)).toMatchObject({ isNew: false, owner: 'bob', data: { n: 1 } })
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

  test.each(Array.from({ length: stepsOfRotate }, (_, i) => i + 1))('a new id, step %i', async (step) => {
    for (let round = 0; round < 5; round++) {
      const old = await logIn('bob')
      const context = sessions.open({ cookie: `sid=${old}` })
      await (await context.session()).rotate()
      proxy.lose(WRITE, step)
      await context.commit()
      expect(proxy.lost).toBe(round + 1)
      expect(await load(idOf(context))).toMatchObject({ isNew: false, owner: 'bob', data: { n: 1 } })
      expect(await load(old)).toMatchObject({ isNew: true })
    }
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
    describe('ioredis', () => {
      const connect = (proxy: LossyProxy) => {
        const client = new Redis({ ...proxy.nodes[0] })
        return { client, store: ioredisStore(client) }
      }
      tellWhatWasDone(connect, () => [redis], 1)
    })
    describe('ioredis, that sends nothing again by itself', () => {
      const connect = (proxy: LossyProxy) => {
        const client = new Redis({ ...proxy.nodes[0], maxRetriesPerRequest: 0, retryStrategy: () => 20 })
        return { client, store: ioredisStore(client) }
      }
      tellWhatWasDone(connect, () => [redis], 1)
    })
    describe('node-redis', () => {
      const connect = (proxy: LossyProxy) => {
        const client = createClient({ socket: { ...proxy.nodes[0] } })
        return { client: { ...ended(client), isOpen: false }, store: nodeRedisStore(client) }
      }
      tellWhatWasDone(connect, () => [redis], 1)
    })
  })

  await clusterOrSkip('on a Cluster', (cluster) => {
    describe('ioredis', () => {
      const connect = (proxy: LossyProxy) => {
        const client = new Cluster(proxy.nodes, { natMap: proxy.addressMap })
        return { client, store: ioredisStore(client) }
      }
      tellWhatWasDone(connect, () => cluster.servers, 2)
    })
    describe('node-redis', () => {
      const connect = (proxy: LossyProxy) => {
        const rootNodes = proxy.nodes.map((socket) => ({ socket }))
        const client = createCluster({ rootNodes, nodeAddressMap: proxy.addressMap })
        return { client: { ...ended(client), isOpen: false }, store: nodeRedisStore(client) }
      }
      tellWhatWasDone(connect, () => cluster.servers, 2)
    })
  })
})

/** node-redis' own names for what ioredis calls otherwise. */
function ended(client: {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}) {
  return {
    on: (event: 'error', listener: () => void) => client.on(event, listener),
    connect: () => client.connect(),
    disconnect: () => client.destroy(),
  }
}
