import { setTimeout as sleep } from 'node:timers/promises'

interface Options {
  readonly disableOfflineQueue?: boolean
}

/** What tells the options of its connections: a Cluster those of its nodes, Sentinels and pools nothing. */
interface Told {
  readonly options?: Options
  readonly _options?: { readonly defaults?: Options }
}

/** As long as reconnecting takes, mostly. */
const WAIT_MS = 2_000
const AGAIN_AFTER_MS = 10

/** By a command that came with 6, which all kinds of clients have. */
export const isNodeRedis5 = (client: object): boolean => !('arGet' in client)

/**
 * node-redis 5 writes what it has queued to a connection that was lost a moment ago, and takes the first replies on the next
 * connection for the answers. From then on every command gets the reply to another one: a visitor somebody else's session. It cannot
 * where nothing is queued. Throws a `TypeError` for a client that queues, as far as it tells.
 */
export function refuseQueue(client: object): void {
  const { options: own, _options: ofCluster } = client as Told
  const options = own ?? (ofCluster && (ofCluster.defaults ?? {}))
  if (!options || options.disableOfflineQueue || !isNodeRedis5(client)) return
  throw new TypeError(
    'After a lost connection, node-redis 5 may give the commands in its queue the replies to other ones, and so a visitor the session of somebody else. nodeRedisStore() takes such a client with `disableOfflineQueue: true` only (in a Cluster among its `defaults`), or one of node-redis 6.',
  )
}

/** What is not queued has not been sent, and is tried again, as a lost connection mostly is back in a moment. */
export function waiting<Call extends unknown[]>(
  send: (...call: Call) => Promise<unknown>,
): (...call: Call) => Promise<unknown> {
  return async (...call) => {
    const giveUpAt = Date.now() + WAIT_MS
    for (;;) {
      try {
        return await send(...call)
      } catch (error) {
        if (!isOffline(error) || Date.now() >= giveUpAt) throw error
      }
      await sleep(AGAIN_AFTER_MS)
    }
  }
}

/** By its text, as there may be several copies of node-redis. */
const isOffline = (error: unknown): boolean =>
  error instanceof Error && error.message === 'The client is offline'
