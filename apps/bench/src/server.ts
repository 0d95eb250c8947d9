/** A contender in a process of its own: `server.ts <contender> <mode> <redis url>`. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { columns } from './contenders/index.ts'
import type { Answer, Enumeration, Question, Usage } from './messages.ts'
import type { Mode } from './scenario.ts'

const [name = '', mode, redisUrl = ''] = process.argv.slice(2)
const column = columns[name]
if (!column) throw new Error(`There is no contender ${name}.`)
const { contender } = await column.load()

const tell = (answer: Answer) => process.send?.(answer)

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { cpu: user + system, rss: process.memoryUsage.rss() }
}

async function enumerate(): Promise<Enumeration> {
  const before = process.memoryUsage.rss()
  let most = before
  const watching = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 10)
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  const began = performance.now()
  const count = (await contender.enumerate?.()) ?? Number.NaN
  const took = performance.now() - began
  delays.disable()
  clearInterval(watching)
  most = Math.max(most, process.memoryUsage.rss())
  return { count, took, blocked: delays.max / 1e6, grew: most - before }
}

process.on('message', async (question: Question) => {
  try {
    tell(question === 'usage' ? usage() : await enumerate())
  } catch (error) {
    tell({ failed: String(error) })
  }
})
process.on('disconnect', () => process.exit())

const listener = await contender.start({ redisUrl, mode: mode as Mode })
if (!listener) tell({ port: undefined })
else {
  const server = createServer(listener)
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  tell({ port: (server.address() as AddressInfo).port })
}
