import { setTimeout as sleep } from 'node:timers/promises'
import { createSessions, nativeFormat } from '@tegata/core'
import { type RedisServer, until } from '@tegata/test-servers'
import { type Breach, Browser, type Data, isTyped } from './browser.ts'
import type { Connect } from './clients.ts'
import { Replicated } from './replicated.ts'
import { Stalls } from './stalls.ts'

const BROWSERS = 64
/** Seconds. */
const STORE_TIMEOUT = 2
/** Shorter, so that circuits open as well. Seconds. */
const COMMAND_TIMEOUT = 1
const REPLICA_TIMEOUT = 0.5
/** What a call may take beyond `storeTimeout`. */
const MARGIN_MS = 200
const BACK_WITHIN_MS = 10_000
/** How long a primary lives on without its replicas before it dies, every other time. */
const CUT_OFF_MS = 100

/** Servers under load, seen from whoever kills them. */
export interface Failing<Servers> {
  servers: Servers & { readonly servers: readonly RedisServer[] }
  clients: Record<string, Connect<Servers>>
  /** Whose turn it is to die. */
  victim(round: number): Promise<RedisServer>
  /** Kills it, waits for a replica to be promoted, calls `meanwhile`, and brings it back as a replica. */
  failOver(victim: RedisServer, meanwhile: () => Promise<void>): Promise<void>
  /** The primary that holds a key. */
  primaryOf(key: string): Promise<RedisServer>
}

/** When a primary told of writes that perhaps no replica had when it died. */
interface Loss {
  /** Any that it held. */
  key: string
  from: number
  to: number
}

export interface Outcome {
  /** What was promised and did not hold, unless a failover may have lost it. */
  broken: Breach[]
  /** The same with `durability`, where no failover excuses it. */
  brokenThoughDurable: Breach[]
  untyped: unknown[]
  /** Calls that took longer than they may. */
  late: { action: string; ms: number }[]
  /** How long after a promotion every browser without `durability` was served again, of each failover. */
  backAfterMs: number[]
  figures: Record<string, number>
}

/**
 * Half of the browsers through each client, and of those half with `durability`, while primaries die. After each failover all stop
 * for a moment, and every promise is looked after.
 */
export async function loadWhileFailing<Servers>(
  { servers, clients, victim, failOver, primaryOf }: Failing<Servers>,
  rounds: number,
): Promise<Outcome> {
  const durabilities = [undefined, { replicas: 1, timeout: REPLICA_TIMEOUT }]
  const kinds = Object.entries(clients).flatMap(([name, connect]) =>
    durabilities.map((durability) => ({ name, connect, durability })),
  )
  const open = await Promise.all(
    kinds.map(async ({ connect, durability }) => {
      const options = { commandTimeout: COMMAND_TIMEOUT, ...(durability && { durability }) }
      const { store, close } = await connect(servers, options)
      return { sessions: createSessions<Data>({ store, storeTimeout: STORE_TIMEOUT }), close }
    }),
  )
  const stalls = new Stalls()
  const all = Array.from({ length: BROWSERS }, (_, i) => {
    const kind = i % kinds.length
    const { sessions } = open[kind] as (typeof open)[number]
    return {
      isDurable: kinds[kind]?.durability !== undefined,
      browser: new Browser(sessions, `user${i} ${kinds[kind]?.name}`, stalls),
    }
  })
  const browsers = all.map(({ browser }) => browser)
  const replicated = new Replicated(servers.servers)
  const losses: Loss[] = []
  const backAfterMs: number[] = []

  let state: 'running' | 'paused' | 'over' = 'running'
  let acting = 0
  const load = browsers.map(async (browser) => {
    while (state !== 'over') {
      if (state === 'running') {
        acting++
        await browser.act()
        acting--
      }
      await sleep(40 * Math.random() + 20)
    }
  })

  async function servedAgain(which: readonly Browser[]): Promise<void> {
    const before = new Map(which.map((browser) => [browser, browser.acknowledged]))
    const waiting = () => which.filter((browser) => browser.acknowledged === before.get(browser))
    await until('every browser is served again', async () => waiting().length === 0, BACK_WITHIN_MS).catch(
      (error) => {
        console.error(waiting().map(({ name, failures }) => [name, failures.at(-1)]))
        throw error
      },
    )
  }

  /** Once every shard is served: a circuit may still be open. */
  async function verify(what?: 'all'): Promise<void> {
    const verified = browsers.map((browser) => {
      const isDone = () => browser.verify(what).then(() => true)
      return until('what was promised can be looked after', isDone, BACK_WITHIN_MS)
    })
    await Promise.all(verified)
  }

  try {
    for (let round = 0; round < rounds; round++) {
      await sleep(300)
      const dying = await victim(round)
      const key = await keyHeldBy(dying, primaryOf)
      const from = replicated.safeUntil(dying)
      if (round % 2) await cutOff(dying)
      await failOver(dying, async () => {
        const promotedAt = performance.now()
        losses.push({ key, from, to: promotedAt })
        // The one that died stays away meanwhile: nobody is told by it where to go.
        await servedAgain(all.filter(({ isDurable }) => !isDurable).map(({ browser }) => browser))
        backAfterMs.push(performance.now() - promotedAt)
      })
      await servedAgain(browsers)
      state = 'paused'
      await until('the browsers pause', async () => acting === 0)
      await verify()
      state = 'running'
    }
    state = 'over'
    await Promise.all(load)
    await verify('all')
  } finally {
    state = 'over'
    for (const { close } of open) close()
    replicated.close()
    stalls.stop()
  }

  const breachesOf = (durable: boolean) =>
    all.filter(({ isDurable }) => isDurable === durable).flatMap(({ browser }) => browser.breaches)
  const broken: Breach[] = []
  const holderOf = remembering(primaryOf)
  for (const breach of breachesOf(false)) {
    if (!(await isExcused(breach, losses, holderOf))) broken.push(breach)
  }
  const failures = browsers.flatMap((browser) => browser.failures)
  const sum = (of: (browser: Browser) => number) =>
    browsers.reduce((total, browser) => total + of(browser), 0)
  return {
    broken,
    brokenThoughDurable: breachesOf(true),
    untyped: failures.filter(({ error }) => !isTyped(error)),
    late: failures
      .filter(({ ms }) => ms > STORE_TIMEOUT * 1000 + MARGIN_MS)
      .map(({ action, ms }) => ({ action, ms })),
    backAfterMs,
    figures: {
      failovers: rounds,
      acknowledged: sum(({ acknowledged }) => acknowledged),
      ended: sum(({ ended }) => ended.length),
      failures: failures.length,
      lostWithoutDurability: breachesOf(false).length - broken.length,
      longestFailureMs: Math.round(Math.max(...failures.map(({ ms }) => ms))),
      longestBackMs: Math.round(Math.max(...backAfterMs)),
    },
  }
}

/** Only what was told of a login or an end, and only while no replica had it. */
async function isExcused(
  { what, id, at }: Breach,
  losses: readonly Loss[],
  primaryOf: (key: string) => Promise<RedisServer>,
): Promise<boolean> {
  if (what !== 'a login is gone' && what !== 'an ended session lives') return false
  const holder = await primaryOf(nativeFormat().keyOf(id))
  for (const { key, from, to } of losses) {
    // Its primary is another by now, but of this shard still.
    if (from <= at && at <= to && (await primaryOf(key)) === holder) return true
  }
  return false
}

/** Asks once for each key: nobody dies any more. */
function remembering(ask: (key: string) => Promise<RedisServer>): typeof ask {
  const answers = new Map<string, Promise<RedisServer>>()
  return (key) => {
    const answer = answers.get(key) ?? ask(key)
    answers.set(key, answer)
    return answer
  }
}

/** For a moment, the primary tells of writes that nobody else ever sees. */
async function cutOff(primary: RedisServer): Promise<void> {
  await primary.cli('acl', 'setuser', 'default', '-psync', '-sync')
  await primary.cli('client', 'kill', 'type', 'replica')
  await sleep(CUT_OFF_MS)
}

async function keyHeldBy(
  server: RedisServer,
  primaryOf: (key: string) => Promise<RedisServer>,
): Promise<string> {
  for (let i = 0; ; i++) if ((await primaryOf(`k${i}`)) === server) return `k${i}`
}
