import { Cluster, Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { type IoredisClient, ioredisStore } from './index.ts'

const lazyConnect = true

/** Of a client that is never connected. */
const storeOn = (client: IoredisClient) => () => ioredisStore(client)

describe('ioredisStore refuses a client that reads from replicas, as one that lags would look like a logout', () => {
  test.each(['slave', 'all'] as const)('Cluster, scaleReads %s', (scaleReads) => {
    expect(storeOn(new Cluster([{ port: 1 }], { lazyConnect, scaleReads }))).toThrow(TypeError)
  })

  test('Sentinel, role slave', () => {
    const sentinels = [{ host: '127.0.0.1', port: 1 }]
    expect(storeOn(new Redis({ lazyConnect, sentinels, name: 'main', role: 'slave' }))).toThrow(TypeError)
  })

  test('readOnly', () => {
    expect(storeOn(new Redis({ lazyConnect, readOnly: true }))).toThrow(TypeError)
  })

  test('and takes those that do not', () => {
    expect(storeOn(new Cluster([{ port: 1 }], { lazyConnect, scaleReads: 'master' }))).not.toThrow()
    expect(storeOn(new Redis({ lazyConnect, role: 'master' }))).not.toThrow()
  })
})
