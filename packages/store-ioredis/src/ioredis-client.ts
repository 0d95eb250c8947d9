/** What is used of an ioredis client (5 or 6), `Redis` or `Cluster`, as far as ioredis' own types tell. */
export interface IoredisClient {
  getBuffer(key: string): Promise<unknown>
  duplicate(): unknown
  readonly isCluster: boolean
}
