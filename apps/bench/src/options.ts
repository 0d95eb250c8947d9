import { parseArgs } from 'node:util'
import { columns } from './contenders/index.ts'
import { type Scenario, scenarios } from './scenario.ts'

export interface Options {
  contenders: string[]
  scenarios: Scenario[]
  /** Bytes of data of a session; the first one is that of scenarios which do not grow with it. */
  sizes: number[]
  rounds: number
  /** Per contender and round. */
  requests: number
  connections: number
  /** Sessions to measure memory and listing by; 0: not at all. */
  sessions: number
  json: string | undefined
  docs: boolean
}

export const HELP = `npm run bench -- [options]

  --quick              one size, three short rounds: a few minutes, a minute with few contenders
  --contenders a,b     ${Object.keys(columns).join(', ')}
  --scenarios a,b      ${scenarios.map(({ name }) => name.replaceAll(', ', '-').replaceAll(' ', '-')).join(', ')}
  --sizes 200,2000     bytes of data of a session (default 200,2000,20000,200000)
  --rounds 5           of each contender in turn
  --requests 2000      per contender and round
  --connections 64
  --sessions 100000    also measure the memory of so many sessions, and what listing them costs
  --json file          write every figure there
  --docs               write docs/benchmark.md and its charts
`

const keyOf = (name: string) => name.replaceAll(/,? /g, '-')

/** Throws a `TypeError` that names the option which makes no sense. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ help: flag, quick: flag, docs: flag, json: text, contenders: text, scenarios: text },
      ...{ sizes: text, rounds: text, requests: text, connections: text, sessions: text },
    },
  })
  if (values.help) return 'help'
  const { quick } = values
  const count = (name: 'rounds' | 'requests' | 'connections' | 'sessions', usual: number) => {
    const given = values[name]
    const number = given === undefined ? usual : Number(given)
    if (!Number.isInteger(number) || number < (name === 'sessions' ? 0 : 1))
      throw new TypeError(`--${name} takes a whole number.`)
    return number
  }
  const sizes = (values.sizes ?? (quick ? '200' : '200,2000,20000,200000')).split(',').map(Number)
  if (!sizes.every((size) => Number.isInteger(size) && size > 0))
    throw new TypeError('--sizes takes whole numbers.')
  return {
    contenders: pick('contenders', values.contenders, Object.keys(columns)),
    scenarios: pick(
      'scenarios',
      values.scenarios,
      scenarios.map(({ name }) => keyOf(name)),
    ).map((key) => scenarios.find(({ name }) => keyOf(name) === key) as Scenario),
    sizes,
    rounds: count('rounds', quick ? 3 : 5),
    requests: count('requests', quick ? 1000 : 2000),
    connections: count('connections', 64),
    sessions: count('sessions', 0),
    json: values.json,
    docs: values.docs,
  }
}

function pick(option: string, given: string | undefined, all: readonly string[]): string[] {
  if (given === undefined) return [...all]
  const picked = given.split(',')
  const unknown = picked.find((one) => !all.includes(one))
  if (unknown !== undefined) throw new TypeError(`--${option}: ${unknown} is none of ${all.join(', ')}.`)
  return picked
}
