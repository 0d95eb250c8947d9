import {
  type EnumerableStore,
  type IndexedStore,
  type SessionListener,
  StoreUnavailableError,
} from '@tegata/core'
import { nodeBuiltin } from './node-builtin.ts'

type RedisStore = EnumerableStore & IndexedStore

interface Client {
  disconnect?(): void
}

/** With the command that a server refused. */
type ClientError = Error & { command?: { name: string } }

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
  onEvent: SessionListener | undefined
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
    opening ??= import(named('ioredis')).then((module) => connect(module, url, failed))
    return opening
  }
  let refusal: StoreUnavailableError | undefined
  function failed(cause: ClientError): void {
    const error = new StoreUnavailableError('The client of djangoSessions() could not connect to Redis.', {
      cause,
    })
    try {
      source.onEvent?.({ type: 'store-error', operation: 'load', error })
    } catch (thrown) {
      console.error('Tegata: the option `onEvent` threw.', thrown)
    }
    if (cause.command?.name !== 'select') return
    refusal = error
    // It would go on in database 0.
    void close()
  }
  const close = async () => (await opening)?.disconnect?.()
  const store = storeOf(
    async () => importStore(await open(), options),
    () => {
      if (refusal) throw refusal
    },
  )
  return { store, close }
}

const drivers = {
  ioredis: { name: '@tegata/store-ioredis', create: 'ioredisStore' },
  nodeRedis: { name: '@tegata/store-node-redis', create: 'nodeRedisStore' },
} as const

const driverOf = (client: object) => ('defineCommand' in client ? drivers.ioredis : drivers.nodeRedis)

/** `failed` is told of each failure once, until the client is connected again: a client tells of every attempt. */
function connect(module: unknown, url: string, failed: (error: ClientError) => void): Client {
  const { Redis } = module as {
    Redis: new (url: string) => Client & { on(event: string, listener: (error: ClientError) => void): void }
  }
  const client = new Redis(url)
  const told = new Set<string>()
  client.on('ready', () => told.clear())
  client.on('error', (error) => {
    if (told.has(error.message)) return
    told.add(error.message)
    failed(error)
  })
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

/** A store that is made at its first call; each is made only where `check` does not throw. */
function storeOf(create: () => Promise<RedisStore>, check = () => {}): RedisStore {
  let made: Promise<RedisStore> | undefined
  const store = async () => {
    check()
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
