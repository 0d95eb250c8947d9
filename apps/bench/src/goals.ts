import type { Figures } from './figures.ts'
import type { Cell } from './measure.ts'
import type { Rolling } from './measure-rolling.ts'
import { type Estimate, estimate, paired } from './statistics.ts'

/** What Tegata wants to reach, and whether it does. */
export interface Verdict {
  goal: string
  /** `≤ 1.5` */
  asked: string
  /** Why there is no figure, where there is none. */
  missing?: string
  measured?: Estimate & { unit: string; remark?: string }
  /** By the median. */
  met?: boolean
  /** The other answer is possible as well. */
  isClose?: boolean
}

interface Goal {
  goal: string
  most?: number
  least?: number
  unit?: string
  /** Throws `NotMeasured`. */
  measure(figures: Figures): Estimate & { remark?: string }
}

class NotMeasured extends Error {}

const CLIENTS = [
  { client: 'ioredis', tegata: 'express-tegata-ioredis', raw: 'express-raw-ioredis' },
  { client: 'node-redis', tegata: 'express-tegata-node-redis', raw: 'express-raw-node-redis' },
] as const

/** The drop-in beside express-session, each with the same kind of store, or with the one that has all guarantees. */
export const dropInPairs = [
  { title: 'both with connect-redis', dropIn: 'drop-in-connect-redis', original: 'express-session' },
  {
    title: 'with a Tegata store, beside connect-redis',
    dropIn: 'drop-in-tegata',
    original: 'express-session',
  },
  { title: 'both with MemoryStore', dropIn: 'drop-in-memory', original: 'express-session-memory' },
] as const

const SHARED = ['no cookie', 'ignored', 'read', 'rolling read', 'write', 'login', 'logout'] as const
export const SMALL = 200
export const LARGE = 20_000
/** Sessions by which memory is measured, and listing them by the most. */
export const SESSIONS = [100_000, 1_000_000] as const
export const OWNED = { few: 10_000, many: 1_000_000 } as const
const MOST_SESSIONS = SESSIONS[1]

function cellOf(figures: Figures, contender: string, scenario: string, size: number): Cell {
  const cell = figures.cells.find(
    (one) => one.contender === contender && one.scenario === scenario && one.size === size,
  )
  if (!cell) throw new NotMeasured(`${contender} was not measured: ${scenario}, ${size} B`)
  if (cell.failed > 0) throw new NotMeasured(`requests to ${contender} failed: ${scenario}, ${size} B`)
  return cell
}

/** CPU time of the server, round by round. */
const cpuOf = (figures: Figures, contender: string, scenario: string, size: number) =>
  cellOf(figures, contender, scenario, size).cpu

/** How many times what another one adds to the bare framework a contender adds. */
function addedRatio(
  figures: Figures,
  contenders: { of: string; to: string; bare: string },
  scenario: string,
  size: number,
): Estimate {
  const cpus = [contenders.of, contenders.to, contenders.bare].map((one) =>
    cpuOf(figures, one, scenario, size),
  ) as [number[], number[], number[]]
  return estimate(paired(cpus, (of, to, bare) => (of - bare) / (to - bare)))
}

function totalRatio(figures: Figures, of: string, to: string, scenario: string, size: number): Estimate {
  const cpus: [number[], number[]] = [cpuOf(figures, of, scenario, size), cpuOf(figures, to, scenario, size)]
  return estimate(paired(cpus, (a, b) => a / b))
}

/** The drop-in against the original, in every scenario and size that both were measured in. */
export function dropInRatios(figures: Figures, { dropIn, original }: (typeof dropInPairs)[number]) {
  const of = (contender: string) => figures.cells.filter((cell) => cell.contender === contender)
  return of(dropIn).flatMap(({ scenario, size }) => {
    const isShared = of(original).some((cell) => cell.scenario === scenario && cell.size === size)
    const contenders = { of: dropIn, to: original, bare: 'express-bare' }
    return isShared ? [{ scenario, size, ...addedRatio(figures, contenders, scenario, size) }] : []
  })
}

/** A figure that is what it is: of memory, or of the one time that something was done. */
const certain = (value: number): Estimate => ({ value, low: value, high: value })

function manyOf(figures: Figures, contender: string, sessions: number) {
  const found = figures.many.find((one) => one.contender === contender && one.sessions === sessions)
  if (!found) {
    throw new NotMeasured(`${contender} was not measured with ${sessions.toLocaleString('en')} sessions`)
  }
  return found
}

function listingOf(figures: Figures) {
  const { listing } = manyOf(figures, 'express-tegata-ioredis', MOST_SESSIONS)
  if (!listing) throw new NotMeasured('its sessions were not listed')
  if (listing.count < MOST_SESSIONS) throw new NotMeasured(`only ${listing.count} were listed`)
  return listing
}

function ownersOf(figures: Figures, call: 'list' | 'destroy'): Estimate {
  if (!figures.owners) {
    throw new NotMeasured(
      figures.asked.owners ? 'this Tegata has no sessions by owner' : 'sessions by owner were not measured',
    )
  }
  const { few, many } = figures.owners
  return estimate(paired([many[call], few[call]], (a, b) => a / b))
}

const goals: readonly Goal[] = [
  ...CLIENTS.map(({ client, tegata, raw }) => ({
    goal: `Express, read 200 B, ${client}: CPU added to Express / added by one raw GET`,
    most: 1.5,
    measure: (figures: Figures) =>
      addedRatio(figures, { of: tegata, to: raw, bare: 'express-bare' }, 'read', SMALL),
  })),
  ...CLIENTS.map(({ client, tegata, raw }) => ({
    goal: `Express, read 20 KB, ${client}: CPU / that of a raw GET and a parse`,
    most: 1.3,
    measure: (figures: Figures) => totalRatio(figures, tegata, raw, 'read', LARGE),
  })),
  ...CLIENTS.map(({ client, tegata, raw }) => ({
    goal: `Express, write 20 KB, ${client}: CPU / that of a raw GET and a raw SET`,
    most: 1.3,
    measure: (figures: Figures) => totalRatio(figures, tegata, raw, 'write', LARGE),
  })),
  {
    goal: 'Koa, read 200 B: CPU added to Koa / added by koa-session',
    most: 0.5,
    measure: (figures) =>
      addedRatio(figures, { of: 'koa-tegata', to: 'koa-session', bare: 'koa-bare' }, 'read', SMALL),
  },
  ...dropInPairs.map((pair) => ({
    goal: `drop-in, ${pair.title}: CPU added to Express / added by express-session, at the worst`,
    most: 0.5,
    measure: (figures: Figures) => worstOf(figures, pair),
  })),
  {
    goal: 'rolling read: commands to Redis',
    most: 1,
    measure: (figures) => certain(rollingOf(figures).rolling.commands),
  },
  {
    goal: "rolling read: CPU of the server's process / that of a plain read",
    most: 1.15,
    measure: (figures) => {
      const { plain, rolling } = rollingOf(figures)
      return estimate(paired([rolling.cpu, plain.cpu], (a, b) => a / b))
    },
  },
  {
    goal: "rolling read: CPU of Redis' process / that of a plain read",
    most: 1.15,
    measure: (figures) => {
      const own = rollingOf(figures)
      const raw = rollingIn(figures, 'express-raw-ioredis')
      const timeOf = ({ rolling }: Rolling) => `${estimate(rolling.redisCpu).value.toFixed(1)} µs`
      // A client that sends each command by itself makes Redis take several times as long for it, plain or not.
      const remark = raw && { remark: `${timeOf(own)}; a raw GETEX by ioredis: ${timeOf(raw)}` }
      return { ...redisRatio(own), ...remark }
    },
  },
  {
    goal: 'near cache, read: requests per second / Express alone',
    least: 0.9,
    measure: (figures) => {
      const rate = (contender: string) => cellOf(figures, contender, 'read', SMALL).rate
      return estimate(paired([rate('express-tegata-near'), rate('express-bare')], (a, b) => a / b))
    },
  },
  {
    goal: 'near cache, read: commands to Redis',
    most: 0,
    measure: (figures) => certain(cellOf(figures, 'express-tegata-near', 'read', SMALL).commands),
  },
  ...SESSIONS.map((sessions) => ({
    goal: `memory of Redis per session of 200 B, of ${sessions.toLocaleString('en')} / raw JSON`,
    most: 1.1,
    measure: (figures: Figures) => {
      const memory = (contender: string) => manyOf(figures, contender, sessions).memory
      return certain(memory('express-tegata-ioredis') / memory('express-raw-ioredis'))
    },
  })),
  ...(['list', 'destroy'] as const).map((call) => ({
    goal: `${call === 'list' ? "listing an owner's sessions" : 'log out everywhere'}: time among 1,000,000 sessions / among 10,000`,
    most: 1.2,
    measure: (figures: Figures) => ownersOf(figures, call),
  })),
  {
    goal: 'listing 1,000,000 sessions: the longest command in Redis',
    most: 5,
    unit: 'ms',
    measure: (figures) => certain(listingOf(figures).longestCommand),
  },
  {
    goal: 'listing 1,000,000 sessions: the longest time that the event loop was blocked',
    most: 20,
    unit: 'ms',
    measure: (figures) => certain(listingOf(figures).blocked),
  },
  {
    goal: 'listing 1,000,000 sessions: bytes by which the process grew at most',
    most: 20,
    unit: 'MB',
    measure: (figures) => certain(listingOf(figures).grew / 1e6),
  },
]

/** Of many at a time: so it is under load, and the ratio the higher one. */
const rollingIn = (figures: Figures, contender: string) =>
  figures.rolling.find((one) => one.contender === contender && one.connections > 1)

function rollingOf(figures: Figures): Rolling {
  const found = rollingIn(figures, 'express-tegata-ioredis')
  if (!found) throw new NotMeasured('rolling reads were not measured beside plain ones')
  return found
}

const redisRatio = ({ plain, rolling }: Rolling): Estimate =>
  estimate(paired([rolling.redisCpu, plain.redisCpu], (a, b) => a / b))

function worstOf(figures: Figures, pair: (typeof dropInPairs)[number]) {
  const all = dropInRatios(figures, pair)
  const worst = all.reduce<(typeof all)[number] | undefined>(
    (most, one) => (most && most.value >= one.value ? most : one),
    undefined,
  )
  if (!worst) throw new NotMeasured(`${pair.dropIn} and ${pair.original} were not measured together`)
  const isAll = SHARED.every((name) => all.some(({ scenario }) => scenario === name))
  const remark = `${worst.scenario}, ${worst.size} B${isAll ? '' : `; of ${all.length} scenarios that were measured`}`
  return { ...worst, remark }
}

/** All goals, each by the figures of this run. */
export function verdicts(figures: Figures): Verdict[] {
  return goals.map(({ goal, most, least, unit = '', measure }) => {
    const asked = most === undefined ? `≥ ${least}` : `≤ ${most}`
    const base = { goal, asked: unit ? `${asked} ${unit}` : asked }
    try {
      const found = measure(figures)
      const holds = (value: number) => (most === undefined ? value >= Number(least) : value <= most)
      const isClose = holds(found.low) !== holds(found.high)
      const { value, low, high, remark } = found
      const measured = { value, low, high, unit, ...(remark !== undefined && { remark }) }
      return { ...base, measured, met: holds(value), isClose }
    } catch (error) {
      if (error instanceof NotMeasured) return { ...base, missing: error.message }
      throw error
    }
  })
}

/** What has to be measured for the goals, and nothing else. */
export function runsForGoals(): { scenario: string; size: number; contenders: string[] }[] {
  const dropIns = [...new Set(dropInPairs.flatMap(({ dropIn, original }) => [dropIn, original]))]
  const clients = CLIENTS.flatMap(({ tegata, raw }) => [raw, tegata])
  const koa = ['koa-bare', 'koa-tegata', 'koa-session']
  return [
    ...SHARED.map((scenario) => ({
      ...{ scenario, size: SMALL },
      contenders: [
        'express-bare',
        ...dropIns,
        ...(scenario === 'read' ? [...clients, 'express-tegata-near', ...koa] : []),
      ],
    })),
    ...['read', 'write'].map((scenario) => ({
      ...{ scenario, size: LARGE },
      contenders: ['express-bare', ...dropIns, ...clients],
    })),
  ]
}
