import { sentinelsOrSkip } from '@tegata/test-servers'
import { ofSentinels } from './clients.ts'
import { testFailover } from './test-failover.ts'

await sentinelsOrSkip(
  '64 browsers under Sentinels whose primary is killed twenty times',
  (sentinels) => {
    testFailover({
      servers: sentinels,
      clients: ofSentinels,
      victim: () => sentinels.primary(),
      failOver: (_victim, meanwhile) => sentinels.failOver(meanwhile),
      primaryOf: () => sentinels.primary(),
    })
  },
  // As many as `durability` asks for: whoever is promoted has what was promised.
  { replicas: 1 },
)
