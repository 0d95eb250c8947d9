import { describe, expect, test } from 'vitest'
import type { SessionEvent } from './events.ts'
import { resolveOptions } from './options.ts'
import { createRuntime, listenedTo } from './runtime.ts'
import { MapStore } from './testing.ts'

describe('an event that comes as a function', () => {
  const event: SessionEvent = { type: 'created', handle: 'a hash' }

  /** How often it is made, where those listen. */
  function timesMade(
    manager: ((event: SessionEvent) => void) | undefined,
    request?: (event: SessionEvent) => void,
  ) {
    let times = 0
    const runtime = createRuntime(
      resolveOptions({ store: new MapStore(Date.now), ...(manager && { onEvent: manager }) }),
    )
    const { emit } = request ? listenedTo(runtime, { onEvent: request }) : runtime
    emit(() => {
      times++
      return event
    })
    return times
  }

  test('is not made where nobody listens', () => {
    expect(timesMade(undefined)).toBe(0)
  })

  test('is made once for all who listen', () => {
    const heard: unknown[] = []
    expect(
      timesMade(
        (event) => heard.push(event),
        (event) => heard.push(event),
      ),
    ).toBe(1)
    expect(timesMade(undefined, (event) => heard.push(event))).toBe(1)
    expect(heard).toEqual([event, event, event])
  })
})
