import type { SessionStore, StoreSupports } from '@tegata/core'

/** A store to be tested, empty, and what a test needs beside it. */
export interface StoreFixture {
  /** Holds nothing yet. */
  store: SessionStore
  /** The clock that the store takes its deadlines in. Default `Date.now`. */
  now?(): number
  /** Lets so many milliseconds pass. Default: waits, a little longer. */
  advance?(ms: number): void | Promise<void>
  /** Puts something under a key that no session can be: another type of the same database. */
  putForeign?(key: string): Promise<void>
  /** Another store on the same data, as a second process has it; asked several times. Default: the same. */
  another?(): SessionStore | Promise<SessionStore>
  /** Cuts every connection of the stores, whatever is under way on them, as a failing network does. */
  interrupt?(): Promise<void>
  /** Called after each case. */
  close?(): void | Promise<void>
}

export interface StoreSuite {
  /** The runner's own: `test` of vitest or node:test, `it` of Mocha or Jest. */
  test(title: string, run: (...context: unknown[]) => Promise<void>): unknown
  /** Called before each case. */
  createStore(): StoreFixture | Promise<StoreFixture>
  /** What the store has to declare, so that no ability goes untested by being lost. Default: whatever it declares. */
  supports?: StoreSupports
  /** How many random histories the model is compared with. Default 100. */
  runs?: number
}

/** A fixture with nothing left open. */
export interface ReadyFixture extends Required<Omit<StoreFixture, 'putForeign' | 'interrupt' | 'close'>> {
  putForeign: StoreFixture['putForeign']
  interrupt: StoreFixture['interrupt']
  /** Epoch ms, so many milliseconds from now. */
  after(ms: number): number
}

/** What not every store or fixture has, and some cases cannot do without. */
export type Ability = keyof StoreSupports | 'putForeign' | 'interrupt'

/** Declares a case: its sentence, what shows it, and the ability without which it is reported as not tested. */
export type Contract = (title: string, run: (fixture: ReadyFixture) => Promise<void>, needs?: Ability) => void

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
    interrupt: fixture.interrupt?.bind(fixture),
    another: fixture.another?.bind(fixture) ?? (() => fixture.store),
  }
}

/** Why a case that needs an ability cannot be tested with a fixture; `undefined` where it can. */
export function whyNotTested(fixture: StoreFixture, needs: Ability | undefined): string | undefined {
  if (needs === undefined) return undefined
  if (needs === 'putForeign' || needs === 'interrupt') {
    return fixture[needs] ? undefined : `not tested: the fixture has no ${needs}()`
  }
  return fixture.store.supports[needs] ? undefined : `not tested: the store does not declare '${needs}'`
}
