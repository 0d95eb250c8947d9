/** `npm run bench -- --help` says what it takes. */
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { RedisServer } from '@tegata/test-servers/redis-server'
import { type Cell, measure } from './measure.ts'
import { type Many, measureMany } from './measure-many.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { type Figures, report } from './report.ts'
import { writeDocs } from './write-docs.ts'

async function run(options: Options): Promise<Figures> {
  const [cpu] = cpus()
  const machine = {
    node: process.version,
    cpus: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`,
    load: loadavg(),
    date: new Date().toISOString().slice(0, 10),
  }
  const redis = new RedisServer()
  await redis.start()
  try {
    const cells: Cell[] = []
    for (const scenario of options.scenarios) {
      for (const size of scenario.scales ? options.sizes : options.sizes.slice(0, 1)) {
        console.error(`… ${scenario.name}, ${size} bytes`)
        cells.push(...(await measure(redis, scenario, size, options)))
      }
    }
    let many: Many[] = []
    if (options.sessions > 0) {
      console.error(`… ${options.sessions} sessions`)
      many = await measureMany(redis, options.contenders, options.sessions)
    }
    return { machine, cells, many }
  } finally {
    await redis.stop()
  }
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') console.log(HELP)
  else {
    const figures = await run(options)
    console.log(report(figures))
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(figures, null, 2)}\n`)
    if (options.docs) await writeDocs(figures)
  }
} catch (error) {
  const isOption =
    error instanceof TypeError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  console.error(isOption ? (error as Error).message : error)
  process.exitCode = 1
}
