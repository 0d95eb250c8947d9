import { type KeyWatch, StoreUnavailableError, type WatchListener } from '@tegata/core'
import type { RedisCommands } from './redis-commands.ts'
import { text } from './reply.ts'
import { Tracking } from './tracking.ts'
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
  let isClosed = false
  let pause = FIRST_PAUSE

  function attempt(): void {
    if (isClosed) return
    const mine: Tracking = new Tracking(commands, fullPrefix, {
      invalidated: (keys) => {
        if (tracking === mine && hasBegun) tell(keys)
      },
      closed: () => end(mine),
    })
    tracking = mine
    within(timeout, () => mine.start()).then(
      () => {
        if (tracking !== mine) return
        hasBegun = true
        listener.begun()
      },
      () => end(mine),
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
        end(mine)
        throw notWhole(cause)
      }
      if (tracking !== mine) throw notWhole()
      pause = FIRST_PAUSE
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
  new StoreUnavailableError('Changes of sessions may be missed: the connection that tells of them is lost.', {
    cause,
  })
