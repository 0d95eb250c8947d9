import type { RedisServer } from '@tegata/test-servers/redis-server'
import { type Cell, measure, type Rounds } from './measure.ts'
import { type Scenario, scenarios } from './scenario.ts'

/** What Redis has to do for a read that moves the deadline, beside one that does not. */
export interface Rolling {
  contender: string
  /** At a time: Redis takes less for a request that comes with others, and so a script weighs more. */
  connections: number
  plain: Cell
  rolling: Cell
}

/** Redis takes a few microseconds for a request: more of them than elsewhere, where they are not one after another. */
const MORE = 2

const named = (name: string) => scenarios.find((scenario) => scenario.name === name) as Scenario

/** Both in turn, as nowhere else: elsewhere each scenario has its own time. */
export async function measureRolling(
  redis: RedisServer,
  contender: string,
  size: number,
  rounds: Rounds,
): Promise<Rolling[]> {
  const entrants = ['read', 'rolling read'].map((name) => ({ contender, scenario: named(name) }))
  const all: Rolling[] = []
  for (const connections of new Set([rounds.connections, 1])) {
    const requests = connections === 1 ? rounds.requests : MORE * rounds.requests
    const [plain, rolling] = await measure(redis, entrants, size, { ...rounds, requests, connections })
    if (plain && rolling) all.push({ contender, connections, plain, rolling })
  }
  return all
}
