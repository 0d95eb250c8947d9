/**
 * What is used of a node-redis client (5 or 6), as far as its own types tell: one of `createClient`, `createClientPool`,
 * `createCluster` or `createSentinel`.
 */
export interface NodeRedisClient {
  sendCommand(...args: never[]): Promise<unknown>
  withTypeMapping(...args: never[]): unknown
}
