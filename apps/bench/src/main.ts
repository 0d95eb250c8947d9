/** `npm run bench -- --help` says what it takes. */
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { RedisServer } from '@tegata/test-servers/redis-server'
import type { Figures } from './figures.ts'
import { OWNED, SMALL, verdicts } from './goals.ts'
import { type Cell, measure } from './measure.ts'
import { type Many, measureMany } from './measure-many.ts'
import { measureOwners } from './measure-owners.ts'
import { measureRolling, type Rolling } from './measure-rolling.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { versionOf } from './redis-figures.ts'
import { report } from './report.ts'
import { reportGoals } from './report-goals.ts'
import { grouped, sizeOf } from './words.ts'
import { writeDocs } from './write-docs.ts'

const began = performance.now()
const tell = (what: string) => console.error(`${((performance.now() - began) / 1000).toFixed(0)} s: ${what}`)

async function run(options: Options): Promise<Figures> {
  const [cpu] = cpus()
  const machine = {
    node: process.version,
    cpus: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`,
    memory: totalmem(),
    load: loadavg(),
    date: new Date().toISOString().slice(0, 10),
  }
  const { command, rounds, requests, connections, owners, leftOut } = options
  const redis = new RedisServer()
  await redis.start()
  try {
    const version = await versionOf(redis)
    const cells: Cell[] = []
    for (const { scenario, size, contenders } of options.runs) {
      tell(`${scenario.name}, ${sizeOf(size)}`)
      const entrants = contenders.map((contender) => ({ contender, scenario }))
      cells.push(...(await measure(redis, entrants, size, options)))
    }
    const rolling: Rolling[] = []
    for (const contender of options.rolling) {
      tell(`rolling reads beside plain ones, ${contender}`)
      rolling.push(...(await measureRolling(redis, contender, SMALL, options)))
    }
    return {
      machine: { ...machine, redis: version },
      asked: { command, rounds, requests, connections, owners, leftOut },
      ...{ cells, rolling, many: await many(options) },
      owners: owners ? await byOwner() : undefined,
    }
  } finally {
    await redis.stop()
  }
}

async function many({ many: { sessions, contenders } }: Options): Promise<Many[]> {
  const all: Many[] = []
  for (const count of sessions) {
    for (const contender of contenders) {
      tell(`${grouped(count)} sessions, ${contender}`)
      const found = await measureMany(contender, count)
      if (found) all.push(found)
    }
  }
  return all
}

function byOwner() {
  tell(`sessions by owner, of ${grouped(OWNED.few)} and of ${grouped(OWNED.many)}`)
  return measureOwners(OWNED.few, OWNED.many)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') console.log(HELP)
  else {
    const figures = await run(options)
    const goals = verdicts(figures)
    console.log(`${report(figures)}\n\n## Goals\n\n${reportGoals(goals)}`)
    if (options.json !== undefined) {
      await writeFile(options.json, `${JSON.stringify({ ...figures, goals }, null, 2)}\n`)
    }
    if (options.docs) await writeDocs(figures, goals)
    tell('done')
  }
} catch (error) {
  const isOption =
    error instanceof TypeError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  console.error(isOption ? (error as Error).message : error)
  process.exitCode = 1
}
