import { setTimeout as sleep } from 'node:timers/promises'
import { Browser } from './browser.ts'
import type { Running } from './libraries.ts'

export interface Slot {
  kind: 'old' | 'tegata'
  server: Running
  /** Requests under way, which a swap waits for. */
  busy: number
}

/** What was seen to go wrong, and how much was tried. */
export interface Report {
  requests: number
  logins: Record<Slot['kind'], number>
  /** Somebody was logged out who had not asked for it. */
  logouts: number
  /** Somebody was still logged in after a logout. */
  ghosts: number
  writes: Record<Slot['kind'], number>
  /** Acknowledged, and not there afterwards. */
  lostWrites: Record<Slot['kind'], number>
  errors: string[]
}

const emptyReport = (): Report => ({
  ...{ requests: 0, logouts: 0, ghosts: 0, errors: [] },
  ...{ logins: { old: 0, tegata: 0 }, writes: { old: 0, tegata: 0 }, lostWrites: { old: 0, tegata: 0 } },
})

/**
 * A load balancer in front of old and new servers, and people behind it: they log in, read, write one thing after another
 * at whatever server they are sent to, several things at once at servers with Tegata, and now and then they log out.
 */
export class Load {
  readonly slots: Slot[]
  readonly report = emptyReport()
  #isOver = false

  constructor(slots: readonly Omit<Slot, 'busy'>[]) {
    this.slots = slots.map((slot) => ({ ...slot, busy: 0 }))
  }

  /** Takes a server out when its last request is answered, and another one in at once. */
  async swap(at: number, slot: Omit<Slot, 'busy'>): Promise<void> {
    const before = this.slots[at] as Slot
    this.slots[at] = { ...slot, busy: 0 }
    while (before.busy > 0) await sleep(1)
    await before.server.stop()
  }

  async run(people: number, rollout: () => Promise<void>): Promise<Report> {
    const working = Array.from({ length: people }, (_, i) => this.#live(`person${i}`))
    try {
      await rollout()
    } finally {
      this.#isOver = true
      await Promise.all(working)
    }
    return this.report
  }

  async #live(user: string): Promise<void> {
    const browser = new Browser()
    let expected: Record<string, string> = {}
    let count = 0
    for (let round = 0; !this.#isOver; round++) {
      try {
        if (expected.user === undefined) {
          const { kind } = await this.#send(browser, `/login?name=${user}`)
          this.report.logins[kind]++
          expected = { user }
        }
        const kind = round % 3 === 0 ? this.#parallelKind() : undefined
        const names = Array.from({ length: kind ? 4 : 1 }, () => `key${count++ % 20}`)
        const writes = await Promise.all(
          names.map(async (name) => {
            const value = `${user}-${round}`
            return { name, value, ...(await this.#send(browser, `/write?name=${name}&value=${value}`, kind)) }
          }),
        )
        for (const { name, value, kind } of writes) {
          expected[name] = value
          this.report.writes[kind]++
        }
        const { seen } = await this.#send(browser, '/')
        if (seen.user !== user) {
          this.report.logouts++
          expected = {}
          browser.cookies.clear()
          continue
        }
        for (const { name, value, kind } of writes) if (seen[name] !== value) this.report.lostWrites[kind]++
        // What was written in earlier rounds, by whatever server.
        const lost = Object.keys(expected).filter((name) => seen[name] !== expected[name])
        if (lost.length > 0) this.report.errors.push(`${user} misses ${lost}`)
        if (round % 10 === 9) {
          const ended = browser.copy()
          await this.#send(browser, '/logout')
          if ((await this.#send(ended, '/')).seen.user !== undefined) this.report.ghosts++
          expected = {}
          browser.cookies.clear()
        }
      } catch (error) {
        this.report.errors.push(String(error))
        expected = {}
        browser.cookies.clear()
      }
    }
  }

  /** Where several writes at once are safe: old servers lose some of them, whoever made the others. */
  #parallelKind(): Slot['kind'] | undefined {
    return this.slots.some(({ kind }) => kind === 'tegata') ? 'tegata' : undefined
  }

  async #send(browser: Browser, path: string, kind?: Slot['kind']) {
    const slots = this.slots.filter((slot) => kind === undefined || slot.kind === kind)
    // Swapped out meanwhile: then the write is no longer one of several at once that are safe.
    const from = slots.length > 0 ? slots : this.slots
    const slot = from[Math.floor(Math.random() * from.length)] as Slot
    slot.busy++
    try {
      const seen = await browser.get(slot.server.url + path)
      this.report.requests++
      return { seen, kind: slot.kind }
    } finally {
      slot.busy--
    }
  }
}
