import type { RedisServer } from '@tegata/test-servers/redis-server'
import { type Cell, measure, type Rounds } from './measure.ts'
import { type Scenario, scenarios } from './scenario.ts'

/** What Redis has to do for a read that moves the deadline, beside one that does not. */
export interface Rolling {
  contender: string
  plain: Cell
  rolling: Cell
}

/** Redis takes a few microseconds for a request: more of them than elsewhere. */
const MORE = 3

const named = (name: string) => scenarios.find((scenario) => scenario.name === name) as Scenario

/** Both in turn, as nowhere else: elsewhere each scenario has its own time. */
export async function measureRolling(
  redis: RedisServer,
  contenders: readonly string[],
  size: number,
  rounds: Rounds,
): Promise<Rolling[]> {
  const entrants = contenders.flatMap((contender) => [
    { contender, scenario: named('read') },
    { contender, scenario: named('rolling read') },
  ])
  const cells = await measure(redis, entrants, size, { ...rounds, requests: MORE * rounds.requests })
  return contenders.flatMap((contender) => {
    const own = cells.filter((cell) => cell.contender === contender)
    const plain = own.find(({ scenario }) => scenario === 'read')
    const rolling = own.find(({ scenario }) => scenario === 'rolling read')
    return plain && rolling ? [{ contender, plain, rolling }] : []
  })
}
