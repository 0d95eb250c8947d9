import { createSessions, type Sessions } from '@tegata/core'
import { ioredisStore } from '@tegata/store-ioredis'
import { clusterOrSkip, underWay } from '@tegata/test-servers'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

type Method = 'evalBuffer' | 'evalshaBuffer'
type Send = (...args: unknown[]) => Promise<unknown>

/** A process with a client of its own, each of whose scripts can be made to wait. */
class Process {
  readonly client: Cluster
  readonly sessions: Sessions
  readonly capped: Sessions
  /** Before a script is sent, and after its reply is here. */
  before: (nth: number) => Promise<unknown> | undefined = () => undefined
  #count = 0

  constructor(nodes: ConstructorParameters<typeof Cluster>[0]) {
    this.client = new Cluster(nodes)
    this.client.on('error', () => {})
    const methods = this.client as unknown as Record<Method, Send>
    for (const name of ['evalBuffer', 'evalshaBuffer'] as const) {
      const send = methods[name].bind(this.client)
      methods[name] = async (...args) => {
        await this.before(++this.#count)
        return send(...args)
      }
    }
    const store = ioredisStore(this.client)
    this.sessions = createSessions({ store })
    this.capped = createSessions({ store, maxSessionsPerOwner: 2 })
  }

  /** Counts scripts from here on. */
  count(before: Process['before']): void {
    this.#count = 0
    this.before = before
  }
}

await clusterOrSkip('the sessions of an owner on a Cluster', (cluster) => {
  let processes: [Process, Process]
  beforeAll(async () => {
    processes = [new Process(cluster.nodes), new Process(cluster.nodes)]
    // Each script once: its text is sent with the first.
    for (const { capped } of processes) {
      const { id } = await logIn(capped)
      await rotate(capped, id)
      for (let n = 0; n < 3; n++) await logIn(capped)
      await capped.destroyByOwner('ann')
    }
  })
  afterAll(() => {
    for (const { client } of processes) client.disconnect()
  })
  beforeEach(async () => {
    await Promise.all((await cluster.primaries()).map((primary) => primary.flush()))
  })

  async function logIn(sessions: Sessions, id?: string) {
    const context = sessions.open({ id })
    const session = await context.session()
    await session.authenticate('ann')
    await context.commit()
    return { id: session.id, handle: session.handle }
  }

  async function rotate(sessions: Sessions, id: string) {
    const context = sessions.open({ id })
    const session = await context.session()
    await session.rotate()
    await context.commit()
    return session.id
  }

  /** Sessions in Redis that live, in an index or not. */
  async function livingKeys(): Promise<string[]> {
    const found: string[] = []
    for (const node of processes[0].client.nodes('master')) {
      for (const key of await node.keys('tegata:*')) {
        if (key.startsWith('tegata:owner:')) continue
        if (!(await node.get(key))?.startsWith('["ended')) found.push(key)
      }
    }
    return found
  }

  test.each([1, 2, 3, 4])('are all ended when a rotation has come to its step %i', async (step) => {
    const [one, other] = processes
    const { id } = await logIn(one.sessions)
    await logIn(one.sessions)
    let ended: Promise<number> | undefined
    one.count((nth) => {
      if (nth !== step) return undefined
      ended = underWay(other.sessions.destroyByOwner('ann'))
      return ended
    })
    await rotate(one.sessions, id).catch(() => {})
    one.count(() => undefined)
    ended ??= other.sessions.destroyByOwner('ann')
    expect(await ended).toBe(2)
    expect(await livingKeys()).toEqual([])
    expect(await other.sessions.listByOwner('ann')).toEqual([])
  })

  test.each([1, 2, 3, 4])(
    'are told to be what they are when a rotation has come to its step %i',
    async (step) => {
      const [one, other] = processes
      const { id } = await logIn(one.sessions)
      let list: Promise<unknown[]> | undefined
      one.count((nth) => {
        if (nth !== step) return undefined
        list = underWay(other.sessions.listByOwner('ann'))
        return list
      })
      await rotate(one.sessions, id)
      one.count(() => undefined)
      list ??= other.sessions.listByOwner('ann')
      expect(await list).toHaveLength(1)
    },
  )

  test('are all ended while they rotate and write', async () => {
    for (let round = 0; round < 20; round++) {
      const logins = await Promise.all(
        Array.from({ length: 6 }, (_, i) => logIn((processes[i % 2] as Process).sessions)),
      )
      const spared = await logIn(processes[0].sessions)
      const requests = logins.map(async ({ id }, i) => {
        const { sessions } = processes[i % 2] as Process
        if (i % 3 < 2) return void (await rotate(sessions, id).catch(() => {}))
        const context = sessions.open({ id })
        ;(await context.session()).data.late = true
        await context.commit()
      })
      const ending = processes[1].sessions.destroyByOwner('ann', { except: spared.handle })
      await Promise.all([...requests, ending])
      expect(await livingKeys()).toHaveLength(1)
      expect(await processes[0].sessions.listByOwner('ann')).toMatchObject([{ handle: spared.handle }])
      await processes[0].sessions.destroyByOwner('ann')
    }
  })

  describe('with a maximum of two', () => {
    test('are exactly two after parallel logins at two processes', async () => {
      for (let round = 0; round < 20; round++) {
        const logins = Array.from({ length: 9 }, (_, i) => logIn((processes[i % 2] as Process).capped))
        await Promise.all(logins)
        expect(await livingKeys()).toHaveLength(2)
        expect(await processes[0].sessions.listByOwner('ann')).toHaveLength(2)
      }
    })

    test('are exactly two after parallel logins, some of which had a session', async () => {
      for (let round = 0; round < 20; round++) {
        const before = [await logIn(processes[0].capped), await logIn(processes[1].capped)]
        const logins = Array.from({ length: 6 }, (_, i) =>
          logIn((processes[i % 2] as Process).capped, i < 2 ? before[i]?.id : undefined),
        )
        await Promise.all(logins)
        expect(await livingKeys()).toHaveLength(2)
      }
    })
  })

  test('take one command more at a login', async () => {
    const [one] = processes
    let count = 0
    one.count((nth) => {
      count = nth
      return undefined
    })
    await logIn(one.sessions)
    one.count(() => undefined)
    expect(count).toBe(2)
  })
})
