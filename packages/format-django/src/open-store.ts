import type { SessionStore } from '@tegata/core'

/** What this package uses of its optional peers. */
interface StoreModule {
  ioredisStore?(client: object, options: object): SessionStore
  nodeRedisStore?(client: object, options: object): SessionStore
}

interface Client {
  disconnect?(): void
}

interface Opened {
  store: SessionStore
  close(): Promise<void>
}

/**
 * A store for a client, or for a URL. Its package is an optional peer, imported by name when the first request needs it, as this
 * package knows no store. Throws a `TypeError` for what is neither a URL of Redis nor a client.
 */
export function openStore(source: {
  url: string | undefined
  client: object | undefined
  now: (() => number) | undefined
}): Opened {
  const options = source.now ? { now: source.now } : {}
  if (source.url === undefined) {
    const client = source.client as Client
    return { store: storeOf(() => importStore(client, options)), close: async () => {} }
  }
  if (!/^rediss?:\/\//.test(source.url)) throw new TypeError('The option `url` must be one of Redis.')
  const { url } = source
  let opening: Promise<Client> | undefined
  const open = () => {
    opening ??= importByName('ioredis').then((module) => connect(module, url))
    return opening
  }
  return {
    store: storeOf(async () => importStore(await open(), options)),
    close: async () => (await opening)?.disconnect?.(),
  }
}

function connect(module: unknown, url: string): Client {
  const { Redis } = module as {
    Redis: new (url: string) => Client & { on(event: string, listener: () => void): void }
  }
  const client = new Redis(url)
  // Each request that needs Redis tells of it; a client without a listener prints every failed attempt.
  client.on('error', () => {})
  return client
}

async function importStore(client: object, options: object): Promise<SessionStore> {
  const isNodeRedis = !('defineCommand' in client)
  const module = (await importByName(
    isNodeRedis ? '@tegata/store-node-redis' : '@tegata/store-ioredis',
  )) as StoreModule
  const create = isNodeRedis ? module.nodeRedisStore : module.ioredisStore
  return (create as NonNullable<typeof create>)(client, options)
}

async function importByName(name: string): Promise<unknown> {
  try {
    return await import(name)
  } catch (cause) {
    throw new TypeError(`djangoSessions() needs the package ${name}: npm install ${name}`, { cause })
  }
}

/** A store that is made at its first call. */
function storeOf(create: () => Promise<SessionStore>): SessionStore {
  let made: Promise<SessionStore> | undefined
  const store = () => {
    made ??= create()
    return made
  }
  return {
    name: 'redis',
    supports: { conditional: true, shared: true, enumerate: false, owners: false, watch: false },
    read: async (...args) => (await store()).read(...args),
    create: async (...args) => (await store()).create(...args),
    replace: async (...args) => (await store()).replace(...args),
    rotate: async (...args) => (await store()).rotate(...args),
    touch: async (...args) => (await store()).touch(...args),
    destroy: async (...args) => (await store()).destroy(...args),
  }
}
