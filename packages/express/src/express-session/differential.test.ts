import { readFileSync } from 'node:fs'
import { memoryStore } from '@tegata/store-memory'
import original from 'express-session'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import dropIn from './index.ts'
import type { Factory } from './testing.ts'
import { causeOf, createSequence, randomFrom, runSequence } from './testing-differential.ts'

const SEQUENCES = 250

const documented = [
  ...readFileSync(new URL('../../../../docs/express-session.md', import.meta.url), 'utf8').matchAll(
    /^\| `([a-z-]+)`/gm,
  ),
].map((match) => match[1] as string)

interface Configuration {
  name: string
  store: () => object
  tegata: object
  /** Which of the documented differences show. */
  causes: string[]
}

const configurations: Configuration[] = [
  {
    name: 'with a store made for express-session',
    store: () => new dropIn.MemoryStore(),
    tegata: {},
    causes: ['cleared-cookie', 'failed-load', 'in-one-piece', 'no-lost-update', 'no-resurrection', 'unsaved'],
  },
  {
    name: 'with every switch off',
    store: () => new dropIn.MemoryStore(),
    tegata: { conditional: false, failUnsaved: false, clearCookie: false },
    // Of a store that fails: a response in parts is saved twice, and no cookie names what is not stored.
    causes: ['failed-load', 'in-one-piece', 'unsaved'],
  },
  {
    name: 'with a Tegata store',
    store: () => memoryStore(),
    tegata: {},
    causes: ['cleared-cookie', 'in-one-piece', 'no-lost-update', 'no-resurrection'],
  },
]

describe.each(configurations)(
  `The same ${SEQUENCES} sequences of requests, $name`,
  ({ store, tegata, causes }) => {
    const found: Record<string, number> = {}
    const unexplained: unknown[] = []
    let requests = 0

    beforeAll(async () => {
      vi.spyOn(process, 'emitWarning').mockReturnValue()
      vi.spyOn(console, 'warn').mockReturnValue()
      vi.spyOn(process.stderr, 'write').mockReturnValue(true)
      const random = randomFrom(1)
      for (let i = 0; i < SEQUENCES; i++) {
        const sequence = createSequence(random)
        // A Tegata store does not fail by method; what happens when it does is shown elsewhere.
        if (!('get' in store())) for (const step of sequence.steps) delete step.failing
        // Requests that overlap may arrive in another order on a busy machine: what is not explained has to come up each time.
        let compared = await compare(sequence)
        for (let again = 0; again < 3 && compared.unexplained.length > 0; again++) {
          compared = await compare(sequence)
        }
        requests += compared.requests
        for (const cause of compared.causes) found[cause] = (found[cause] ?? 0) + 1
        unexplained.push(...compared.unexplained.map((one) => ({ i, ...one, sequence })))
      }
      vi.restoreAllMocks()
      console.log(`${SEQUENCES} sequences, ${requests} requests: ${JSON.stringify(found)}`)
    }, 120_000)

    async function compare(sequence: ReturnType<typeof createSequence>) {
      const theirs = await runSequence(sequence, {
        create: original as never as Factory,
        store: () => new original.MemoryStore(),
      })
      const ours = await runSequence(sequence, {
        create: (options) => dropIn({ ...options, tegata } as never),
        store,
      })
      const name = (sequence.options.name as string | undefined) ?? 'connect.sid'
      const causes: string[] = []
      const unexplained: object[] = []
      for (const [k, seen] of theirs.entries()) {
        const differences = causeOf(seen, ours[k] as typeof seen, name)
        for (const { cause, field } of differences) {
          if (cause) causes.push(cause)
          else unexplained.push({ k, field, theirs: seen[field as 'body'], ours: ours[k]?.[field as 'body'] })
        }
        // From here on the two have different pasts.
        if (differences.some(({ cause }) => cause !== 'in-one-piece' && cause !== 'cleared-cookie')) break
      }
      return { requests: theirs.length, causes, unexplained }
    }

    test('end the same way wherever nothing is documented to the contrary', () => {
      expect(unexplained).toEqual([])
    })

    test('differ by exactly the causes that are expected here, all of them in the documentation', () => {
      expect(Object.keys(found).sort()).toEqual(causes)
      expect(documented).toEqual(expect.arrayContaining(causes))
    })
  },
)

test('Every documented difference is one that shows', () => {
  expect([...documented].sort()).toEqual(configurations[0]?.causes)
})
