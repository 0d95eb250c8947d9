import original from 'express-session'
import { afterEach, beforeEach, describe, vi } from 'vitest'
import dropIn from './index.ts'
import { type Factory, type Server, type Setup, serve } from './testing.ts'

export interface Subject {
  name: string
  session: Factory & Pick<typeof dropIn, 'Cookie' | 'MemoryStore' | 'Session' | 'Store'>
  serve(setup?: Setup): Promise<Server>
}

/** Runs the same cases against express-session and against the drop-in: what holds for the one has to hold for the other. */
export function describeBoth(title: string, cases: (subject: Subject) => void): void {
  const subjects = { 'express-session': original, 'the drop-in': dropIn }
  describe.each(Object.entries(subjects))(`${title}: %s`, (name, session) => {
    const servers: Server[] = []
    beforeEach(() => {
      // Deprecations, and the memory store's warning.
      vi.spyOn(process.stderr, 'write').mockReturnValue(true)
      vi.spyOn(process, 'emitWarning').mockReturnValue()
      vi.spyOn(console, 'warn').mockReturnValue()
    })
    afterEach(() => {
      for (const server of servers.splice(0)) server.close()
      vi.restoreAllMocks()
    })
    cases({
      name,
      session: session as never as Subject['session'],
      async serve(setup) {
        const server = await serve({ create: session as never as Factory, ...setup })
        servers.push(server)
        return server
      },
    })
  })
}

/** Counts the calls of a method, which is looked up at each call. */
export function counted(target: object, method: string): { count: number } {
  const calls = { count: 0 }
  const methods = target as Record<string, (...args: unknown[]) => unknown>
  const before = methods[method] as (...args: unknown[]) => unknown
  methods[method] = function (this: unknown, ...args) {
    calls.count++
    return before.apply(this, args)
  }
  return calls
}
