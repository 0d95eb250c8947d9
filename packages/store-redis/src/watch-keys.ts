import { type KeyWatch, StoreUnavailableError, type WatchListener } from '@tegata/core'
import type { RedisCommands } from './redis-commands.ts'
import { text } from './reply.ts'
import { OtherNodesError, Tracking } from './tracking.ts'
import { within } from './within.ts'

/** Milliseconds before the next attempt, doubled each time until one has lived to prove itself. */
const FIRST_PAUSE = 50
const LONGEST_PAUSE = 1000

/**
 * Tells of changed keys by Redis' client-side caching. `timeout`: milliseconds after which a connection that is silent is
 * given up for another one.
 */
export function watchKeys(
  commands: RedisCommands,
  prefix: string,
  listener: WatchListener,
  timeout: number,
): KeyWatch {
  const { keyPrefix = '' } = commands
  const fullPrefix = keyPrefix + prefix
  let tracking: Tracking | undefined
  let hasBegun = false
  /** People know of it, and not yet that it is over. */
  let isLost = false
  let isClosed = false
  let pause = FIRST_PAUSE

  function attempt(): void {
    if (isClosed) return
    const mine: Tracking = new Tracking(commands, fullPrefix, {
      invalidated: (keys) => {
        if (tracking === mine && hasBegun) tell(keys)
      },
      // One that is back at once is no loss.
      closed: (error) => (hasBegun || error === undefined ? end(mine) : fail(mine, error)),
    })
    tracking = mine
    within(timeout, () => mine.start()).then(
      () => {
        if (tracking !== mine) return
        hasBegun = true
        listener.begun()
      },
      (cause) => fail(mine, cause),
    )
  }

  function end(mine: Tracking): void {
    mine.close()
    if (tracking !== mine) return
    tracking = undefined
    if (hasBegun) listener.broken()
    hasBegun = false
    // A server that stays away is no reason to keep the process alive; browsers and workers have numbers for timers.
    const timer: unknown = setTimeout(attempt, pause)
    ;(timer as { unref?: () => void }).unref?.()
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }

  function fail(mine: Tracking, cause: unknown): void {
    const isFault = tracking === mine && commands.isOpen?.() !== false && !(cause instanceof OtherNodesError)
    end(mine)
    if (!isFault || isLost) return
    isLost = true
    listener.lost?.(notWhole(cause))
  }

  function tell(keys: readonly unknown[] | null): void {
    if (keys === null) {
      listener.broken()
      listener.begun()
      return
    }
    for (const key of keys) {
      const name = text(key)
      if (name.startsWith(fullPrefix)) listener.changed(name.slice(keyPrefix.length))
    }
  }

  // The listener hears of nothing before it knows what it listens to.
  queueMicrotask(attempt)

  return {
    async settled() {
      const mine = tracking
      if (!mine || !hasBegun) throw notWhole()
      try {
        await within(timeout, () => mine.settled())
      } catch (cause) {
        fail(mine, cause)
        throw notWhole(cause)
      }
      if (tracking !== mine) throw notWhole()
      pause = FIRST_PAUSE
      if (!isLost) return
      isLost = false
      listener.restored?.()
    },
    close() {
      isClosed = true
      hasBegun = false
      const last = tracking
      tracking = undefined
      last?.close()
    },
  }
}

const notWhole = (cause?: unknown) =>
  new StoreUnavailableError('Redis does not tell of changes of sessions at present.', { cause })
