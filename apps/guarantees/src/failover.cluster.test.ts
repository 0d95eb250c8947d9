import { clusterOrSkip } from '@tegata/test-servers'
import { expect } from 'vitest'
import { ofCluster } from './clients.ts'
import { testFailover } from './test-failover.ts'

await clusterOrSkip('64 browsers on a Cluster, a primary of which is killed twenty times', (cluster) => {
  testFailover({
    servers: cluster,
    clients: ofCluster,
    victim: async (round) => {
      const primaries = await cluster.primaries()
      return primaries[round % primaries.length] ?? expect.fail('no primary')
    },
    failOver: (victim, meanwhile) => cluster.failOver(victim, meanwhile),
    primaryOf: (key) => cluster.primaryOf(key),
  })
})
