import * as redis5 from 'redis5'

const unqueued = { disableOfflineQueue: true }

/** node-redis 5, as the store takes it. */
export const createClient: typeof redis5.createClient = (options) =>
  redis5.createClient({ ...options, ...unqueued } as typeof options)

export const createClientPool: typeof redis5.createClientPool = (options, pool) =>
  redis5.createClientPool({ ...options, ...unqueued } as typeof options, pool)

export const createCluster: typeof redis5.createCluster = (options) =>
  redis5.createCluster({ ...options, defaults: { ...options.defaults, ...unqueued } })

export const createSentinel: typeof redis5.createSentinel = (options) =>
  redis5.createSentinel({ ...options, nodeClientOptions: { ...options.nodeClientOptions, ...unqueued } })
