import type { EnumerableStore, IndexedStore } from '@tegata/core'
import { nodeBuiltin } from './node-builtin.ts'

type RedisStore = EnumerableStore & IndexedStore

interface Client {
  disconnect?(): void
}

interface Opened {
  store: RedisStore
  close(): Promise<void>
}

/**
 * A store for a client, or for a URL. Its package is an optional peer, imported by name when the first request needs it, as this
 * package knows no store. Throws a `TypeError` for what is neither a URL of Redis nor a client, or for a package that is
 * not installed.
 */
export function openStore(source: {
  url: string | undefined
  client: object | undefined
  now: (() => number) | undefined
}): Opened {
  const options = source.now ? { now: source.now } : {}
  const { url, client } = source
  if (url === undefined) {
    if (typeof client !== 'object' || client === null) {
      throw new TypeError('The option `client` must be a client of ioredis or node-redis.')
    }
    assertInstalled(driverOf(client).name)
    return { store: storeOf(() => importStore(client, options)), close: async () => {} }
  }
  if (!/^rediss?:\/\//.test(url)) throw new TypeError('The option `url` must be one of Redis.')
  for (const name of ['ioredis', drivers.ioredis.name]) assertInstalled(name)
  let opening: Promise<Client> | undefined
  const open = () => {
    opening ??= import(named('ioredis')).then((module) => connect(module, url))
    return opening
  }
  return {
    store: storeOf(async () => importStore(await open(), options)),
    close: async () => (await opening)?.disconnect?.(),
  }
}

const drivers = {
  ioredis: { name: '@tegata/store-ioredis', create: 'ioredisStore' },
  nodeRedis: { name: '@tegata/store-node-redis', create: 'nodeRedisStore' },
} as const

const driverOf = (client: object) => ('defineCommand' in client ? drivers.ioredis : drivers.nodeRedis)

function connect(module: unknown, url: string): Client {
  const { Redis } = module as {
    Redis: new (url: string) => Client & { on(event: string, listener: () => void): void }
  }
  const client = new Redis(url)
  // Each request that needs Redis tells of it; a client without a listener prints every failed attempt.
  client.on('error', () => {})
  return client
}

async function importStore(client: object, options: object): Promise<RedisStore> {
  const { name, create } = driverOf(client)
  const module: Record<string, (client: object, options: object) => RedisStore> = await import(named(name))
  return (module[create] as (typeof module)[string])(client, options)
}

/** A text that no bundler follows. */
const named = (name: string): string => name

function assertInstalled(name: string): void {
  try {
    nodeBuiltin('node:module')
      .createRequire(import.meta.url)
      .resolve(`${name}/package.json`)
  } catch (error) {
    // A package may keep this file to itself, and then it is there.
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') return
    throw new TypeError(`djangoSessions() needs the package ${name} for this: npm install ${name}`)
  }
}

/** A store that is made at its first call. */
function storeOf(create: () => Promise<RedisStore>): RedisStore {
  let made: Promise<RedisStore> | undefined
  const store = () => {
    made ??= create()
    return made
  }
  return {
    name: 'redis',
    supports: { conditional: true, shared: true, enumerate: true, owners: true, watch: false },
    read: async (...args) => (await store()).read(...args),
    create: async (...args) => (await store()).create(...args),
    replace: async (...args) => (await store()).replace(...args),
    rotate: async (...args) => (await store()).rotate(...args),
    touch: async (...args) => (await store()).touch(...args),
    destroy: async (...args) => (await store()).destroy(...args),
    members: async (...args) => (await store()).members(...args),
    removeMembers: async (...args) => (await store()).removeMembers(...args),
    async *keys(prefix) {
      yield* (await store()).keys(prefix)
    },
  }
}
