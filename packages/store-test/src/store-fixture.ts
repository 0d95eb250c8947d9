import type { SessionStore } from '@tegata/core'

/** A store to be tested, empty, and what a test needs beside it. */
export interface StoreFixture {
  store: SessionStore
  /** The clock that the store takes its deadlines in. Default `Date.now`. */
  now?(): number
  /** Lets so many milliseconds pass. Default: waits, a little longer. */
  advance?(ms: number): void | Promise<void>
  /** Puts something under a key that no session can be: another type of the same database. */
  putForeign?(key: string): Promise<void>
  /** Another store on the same data, as a second process has it. Default: the same. */
  another?(): SessionStore | Promise<SessionStore>
  close?(): void | Promise<void>
}

export interface StoreSuite {
  /** The runner's own: `test` of vitest or node:test, `it` of Mocha or Jest. */
  test(title: string, run: () => Promise<void>): unknown
  /** Called before each case. */
  createStore(): StoreFixture | Promise<StoreFixture>
  /** How many random histories the model is compared with. Default 100. */
  runs?: number
}

/** A fixture with nothing left open. */
export interface ReadyFixture extends Required<Omit<StoreFixture, 'putForeign' | 'close'>> {
  putForeign: StoreFixture['putForeign']
  /** Epoch ms, so many milliseconds from now. */
  after(ms: number): number
}

/** Declares a case: its sentence, and what shows it. */
export type Contract = (title: string, run: (fixture: ReadyFixture) => Promise<void>) => void

/** Real servers expire keys by a clock of their own, and need a moment. */
const MARGIN_MS = 15

export function ready(fixture: StoreFixture): ReadyFixture {
  const now = fixture.now?.bind(fixture) ?? Date.now
  return {
    store: fixture.store,
    now,
    after: (ms) => now() + ms,
    advance:
      fixture.advance?.bind(fixture) ?? ((ms) => new Promise((done) => setTimeout(done, ms + MARGIN_MS))),
    putForeign: fixture.putForeign?.bind(fixture),
    another: fixture.another?.bind(fixture) ?? (() => fixture.store),
  }
}
