import { parseArgs } from 'node:util'
import { columns } from './contenders/index.ts'
import { runsForGoals, SESSIONS } from './goals.ts'
import type { Rounds } from './measure.ts'
import { type Scenario, scenarios } from './scenario.ts'

/** One scenario with sessions of one size, and who takes part. */
export interface Run {
  scenario: Scenario
  /** Bytes of data of a session. */
  size: number
  contenders: string[]
}

export interface Options extends Rounds {
  runs: Run[]
  /** Contenders whose rolling reads are measured beside their plain ones. */
  rolling: string[]
  /** Numbers of sessions to measure memory and listing by, and whose. */
  many: { sessions: number[]; contenders: string[] }
  /** Whether to measure sessions by owner. */
  owners: boolean
  /** What a full run has and this one does not. */
  leftOut: string[]
  /** As it was given, without the name of a file. */
  command: string
  json: string | undefined
  docs: boolean
}

const keyOf = (name: string) => name.replaceAll(/,? /g, '-')
const scenarioKeys = scenarios.map(({ name }) => keyOf(name))

/** Beside Tegata the raw commands: `GET` and `GETEX` are the least that a rolling read can cost. */
const ROLLING = ['express-tegata-ioredis', 'express-raw-ioredis']

const SIZES = [200, 2000, 20_000, 200_000]

/** What a few minutes are enough for: each framework, and of Express one client. */
const QUICK = {
  contenders: [
    ...['express-bare', 'express-raw-ioredis', 'express-tegata-ioredis', 'express-tegata-near'],
    ...['express-session', 'drop-in-connect-redis'],
    ...['koa-bare', 'koa-tegata', 'koa-session', 'fastify-bare', 'fastify-session'],
  ],
  scenarios: ['read', 'rolling-read', 'write'],
  sizes: [200],
}

export const HELP = `npm run bench -- [options]

  Without options it measures everything, which takes perhaps an hour.

  --quick              about five minutes: ${QUICK.contenders.length} contenders, ${QUICK.scenarios.length} scenarios, one size
  --goals              exactly what the goals at the end of each run are made of, and nothing else
  --contenders a,b     ${Object.keys(columns).join(', ')}
  --scenarios a,b      ${scenarioKeys.join(', ')}
  --sizes 200,2000     bytes of data of a session (default ${SIZES.join(',')})
  --rounds 9           of each contender in turn; at least five for figures with their uncertainty
  --requests 3000      per contender and round; of sessions above 10 KB fewer
  --connections 64
  --sessions 100000    also measure the memory of so many sessions, and what listing them costs; several with commas, 0 for none
  --json file          write every figure there
  --docs               write docs/benchmark.md and its charts
`

/** Throws a `TypeError` that names the option which makes no sense. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ help: flag, quick: flag, goals: flag, docs: flag, json: text, contenders: text, scenarios: text },
      ...{ sizes: text, rounds: text, requests: text, connections: text, sessions: text },
    },
  })
  if (values.help) return 'help'
  const { quick, goals } = values
  const given = ['quick', 'contenders', 'scenarios', 'sizes', 'sessions'].filter(
    (name) => values[name as keyof typeof values],
  )
  if (goals && given.length > 0) {
    throw new TypeError(`--goals says itself what is measured: it does not go with --${given[0]}.`)
  }
  const count = (name: 'rounds' | 'requests' | 'connections', usual: number) => {
    const [number = usual] = values[name] === undefined ? [] : numbers(name, values[name], 1)
    return number
  }
  const common = {
    rounds: count('rounds', quick ? 5 : 9),
    requests: count('requests', 3000),
    connections: count('connections', 64),
    command: args
      .join(' ')
      .replace(/ ?--json[ =]\S+/, '')
      .trim(),
    json: values.json,
    docs: values.docs,
  }
  if (goals) return { ...common, ...forGoals() }

  const isWhole = !quick && given.length === 0
  const picked = {
    contenders: pick('contenders', values.contenders, Object.keys(columns), quick && QUICK.contenders),
    scenarios: pick('scenarios', values.scenarios, scenarioKeys, quick && QUICK.scenarios),
    sizes: values.sizes === undefined ? (quick ? QUICK.sizes : SIZES) : numbers('sizes', values.sizes, 1),
  }
  const sessions =
    values.sessions === undefined
      ? isWhole
        ? [...SESSIONS]
        : []
      : numbers('sessions', values.sessions, 0).filter((number) => number > 0)
  const rolling = ['read', 'rolling-read'].every((key) => picked.scenarios.includes(key))
    ? (quick ? ROLLING.slice(0, 1) : ROLLING).filter((name) => picked.contenders.includes(name))
    : []
  const many = picked.contenders.filter((name) =>
    values.contenders === undefined ? columns[name]?.holdsMany : !columns[name]?.hasNoStore,
  )
  return {
    ...common,
    runs: runsOf(picked),
    rolling,
    many: { sessions, contenders: many },
    owners: isWhole,
    leftOut: leftOut(picked, sessions, isWhole),
  }
}

interface Picked {
  contenders: string[]
  scenarios: string[]
  sizes: number[]
}

const scenarioOf = (key: string) => scenarios.find(({ name }) => keyOf(name) === key) as Scenario

function runsOf({ contenders, scenarios, sizes }: Picked): Run[] {
  return scenarios.map(scenarioOf).flatMap((scenario) =>
    // What does not grow with the session is measured with the first size.
    (scenario.scales ? sizes : sizes.slice(0, 1)).map((size) => ({ scenario, size, contenders })),
  )
}

function forGoals() {
  const runs = runsForGoals().map((run) => ({ ...run, scenario: scenarioOf(keyOf(run.scenario)) }))
  return {
    runs,
    rolling: [...ROLLING],
    many: { sessions: [...SESSIONS], contenders: ['express-raw-ioredis', 'express-tegata-ioredis'] },
    owners: true,
    leftOut: ['everything that no goal is made of'],
  }
}

function leftOut(picked: Picked, sessions: readonly number[], isWhole: boolean): string[] {
  if (isWhole) return []
  const missing = (all: readonly (string | number)[], own: readonly (string | number)[]) =>
    all.filter((one) => !own.includes(one)).join(', ')
  const parts = [
    ['contenders', missing(Object.keys(columns), picked.contenders)],
    ['scenarios', missing(scenarioKeys, picked.scenarios)],
    ['sizes', missing(SIZES, picked.sizes)],
    ['numbers of sessions', missing(SESSIONS, sessions)],
  ]
  return [
    ...parts.filter(([, names]) => names !== '').map(([what, names]) => `${what} ${names}`),
    'sessions by owner',
  ]
}

function numbers(option: string, given: string, least: number): number[] {
  const all = given.split(',').map((one) => (one.trim() === '' ? Number.NaN : Number(one)))
  if (!all.every((one) => Number.isInteger(one) && one >= least)) {
    throw new TypeError(`--${option} takes whole numbers, ${least} or more.`)
  }
  return all
}

function pick(
  option: string,
  given: string | undefined,
  all: readonly string[],
  usual: readonly string[] | false,
): string[] {
  if (given === undefined) return [...(usual || all)]
  const picked = given.split(',')
  const unknown = picked.find((one) => !all.includes(one))
  if (unknown !== undefined) throw new TypeError(`--${option}: ${unknown} is none of ${all.join(', ')}.`)
  return picked
}
