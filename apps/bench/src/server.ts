/** A contender in a process of its own: `server.ts <contender> <mode> <redis url>`. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { dataOf } from './contender.ts'
import { columns } from './contenders/index.ts'
import type { Answer, Done, Enumeration, Question, Usage } from './messages.ts'
import type { Mode } from './scenario.ts'

const [name = '', mode, redisUrl = ''] = process.argv.slice(2)
const column = columns[name]
if (!column) throw new Error(`There is no contender ${name}.`)
const { contender } = await column.load()

const tell = (answer: Answer) => process.send?.(answer)

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { cpu: user + system }
}

function collect(): Done {
  if (!global.gc) throw new Error('This process was not started with --expose-gc.')
  // The young part only: after a whole collection a server takes half as long again for thousands of requests.
  global.gc({ type: 'minor' })
  return { done: true }
}

async function fill(count: number, size: number): Promise<Done> {
  await contender.fill?.(count, dataOf(size))
  return { done: contender.fill !== undefined }
}

/**
 * Makes and drops many small texts: V8 gives the young part of a process' memory its full size only when it is used. It would
 * else count as growth, some 60 MB of it, however many sessions there are and whoever lists them.
 */
async function useYoungMemory(): Promise<void> {
  let texts: string[] = []
  for (let i = 0; i < 3_000_000; i++) {
    texts.push(`${name}:${i}${Math.random()}`)
    if (texts.length < 10_000) continue
    texts = []
    await setImmediate()
  }
}

async function enumerate(): Promise<Enumeration> {
  await useYoungMemory()
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

function answer(question: Question): Answer | Promise<Answer> {
  switch (question.ask) {
    case 'usage':
      return usage()
    case 'collect':
      return collect()
    case 'enumerate':
      return enumerate()
    case 'fill':
      return fill(question.count, question.size)
  }
}

process.on('message', async (question: Question) => {
  try {
    tell(await answer(question))
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
