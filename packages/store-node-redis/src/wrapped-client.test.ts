import { redisOrSkip } from '@tegata/test-servers'
import { createClient as createClient6 } from 'redis'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type NodeRedisClient, nodeRedisStore } from './index.ts'
import { createClient as createClient5 } from './testing.ts'

interface Client extends NodeRedisClient {
  connect(): Promise<unknown>
  destroy(): void
}

async function connected<C extends Client>(client: C): Promise<C> {
  onTestFinished(() => client.destroy())
  await client.connect()
  return client
}

/** As those do who log or trace commands. */
function wrapped(client: Client, sent: string[]): Client {
  return new Proxy(client, {
    get(target, name) {
      const member = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        if (name === 'sendCommand') sent.push((args[0] as string[])[0] as string)
        return Reflect.apply(member, target, args)
      }
    },
  })
}

await redisOrSkip('a client that an application has wrapped is called through its wrapper:', (redis) => {
  test.each<[string, () => Client]>([
    ['node-redis 5', () => createClient5({ url: redis.url })],
    ['node-redis 6', () => createClient6({ url: redis.url })],
  ])('%s', async (title, create) => {
    const client = await connected(create())
    const sent: string[] = []
    const store = nodeRedisStore(wrapped(client, sent))
    const value = new Uint8Array([255])
    expect(await store.create(title, value, Date.now() + 60_000)).toBe(true)
    expect(sent.at(-1)).toMatch(/^EVAL/)
    expect(await store.read(title)).toEqual({ value })
    expect(sent.at(-1)).toBe('GET')
  })
})

await redisOrSkip('the options of commands are given once, and not with each command, to', (redis) => {
  test.each<[string, () => Client]>([
    ['node-redis 5', () => createClient5({ url: redis.url })],
    ['node-redis 6', () => createClient6({ url: redis.url })],
  ])('%s', async (title, create) => {
    const client = await connected(create())
    const shared = Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(client)))
    const sendCommand = vi.spyOn(shared as { sendCommand(): unknown }, 'sendCommand')
    onTestFinished(() => sendCommand.mockRestore())
    const store = nodeRedisStore(client)
    expect(await store.read(title)).toBeNull()
    expect(sendCommand).toHaveBeenCalledOnce()
    expect(sendCommand.mock.contexts[0]).not.toBe(client)
    expect(sendCommand.mock.contexts[0]).toHaveProperty('_commandOptions.typeMapping')
  })
})

await redisOrSkip('the timer that node-redis 6 gives each command', (redis) => {
  test('is none of a command that is written at once, and is that of one that waits for a connection', async () => {
    const client = await connected(
      createClient6({ url: redis.url, socket: { reconnectStrategy: () => 100 } }),
    )
    const isLost = new Promise((resolve) => client.on('error', resolve))
    const timer = vi.spyOn(AbortSignal, 'timeout')
    onTestFinished(() => timer.mockRestore())
    const store = nodeRedisStore(client)
    expect(await store.read('k')).toBeNull()
    expect(timer).not.toHaveBeenCalled()
    await redis.killClients()
    await isLost
    expect(await store.read('k')).toBeNull()
    expect(timer).toHaveBeenCalledWith(5000)
  })
})
