import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { isLinearizable, type Observed } from './linearizable.ts'
import { callOf, type Model, perform, plain, predict, step } from './model.ts'
import { parallelHistories, programs } from './parallel-history.ts'
import type { Contract } from './store-fixture.ts'

/** Random histories, each answer compared with what the sentences of the contract say. */
export function testAgainstModel(contract: Contract, runs: number): void {
  contract('any history of verbs answers as the contract says', async (fixture) => {
    let history = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const model: Model = new Map()
        const prefix = `${history++}:`
        for (const [at, one] of steps.entries()) {
          const call = callOf(one, model, at)
          for (let time = 1; time <= (one.twice ? 2 : 1); time++) {
            const said = predict(model, call)
            const answer = plain(await perform(fixture, call, prefix))
            assert.ok(
              [said].flat().includes(answer),
              `${JSON.stringify(call)} ${time}: ${answer}, not ${said}`,
            )
          }
        }
      }),
      { numRuns: runs },
    )
  })
}

/** In the order of their beginnings, for whoever has to find out. */
const told = (history: readonly Observed[]) =>
  [...history]
    .sort((one, other) => one.startedAt - other.startedAt)
    .map(({ call, startedAt, endedAt, answer }) => {
      const { verb, key, value, expected = 'anything', mark = 'none' } = call
      return `${startedAt}-${endedAt} ${verb} ${key}, ${value} for ${expected}, mark ${mark}: ${answer}`
    })
    .join('\n')

export function testLinearizability(contract: Contract, runs: number): void {
  contract(
    'parallel calls answer as if each were made at one moment between its call and its answer',
    async (fixture) => {
      let count = 0
      await fc.assert(
        fc.asyncProperty(programs, async (all) => {
          for (const history of await parallelHistories(fixture, all, `${count++}:`)) {
            assert.ok(isLinearizable(history), `No order explains:\n${told(history)}`)
          }
        }),
        // A race that was lost once is not lost again for being made shorter.
        { numRuns: runs, endOnFailure: true },
      )
    },
    'conditional',
  )
}

export function testInterruptions(contract: Contract, runs: number): void {
  contract(
    'while connections are cut every call is applied and answered, refused as not applied, or told as unknown',
    async (fixture) => {
      let count = 0
      await fc.assert(
        fc.asyncProperty(programs, async (all) => {
          let isRunning = true
          const cutting = (async () => {
            for (let cuts = 0; isRunning && cuts < 5; cuts++) await fixture.interrupt?.()
          })()
          // It may fail before it is waited for.
          cutting.catch(() => {})
          try {
            const histories = await parallelHistories(fixture, all, `${count++}:`, { withPauses: true })
            for (const history of histories) {
              assert.ok(isLinearizable(history, { resent: true }), `No order explains:\n${told(history)}`)
            }
          } finally {
            isRunning = false
            await cutting
          }
        }),
        // Each waits for its clients to be back.
        { numRuns: Math.ceil(runs / 16), endOnFailure: true },
      )
    },
    'interrupt',
  )
}
