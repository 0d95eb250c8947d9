import { strict as assert } from 'node:assert'
import type { Contract } from './store-fixture.ts'
import { bytes, fields, markUntil, sliding, textOf, whole } from './values.ts'

const MINUTE = 60_000
const ROUNDS = 50

/** What only shows when several do it at the same time. */
export function testConcurrency(declare: Contract): void {
  const contract: Contract = (title, run) => declare(title, run, 'conditional')

  contract(
    'of many replaces that expect the same value exactly one is made',
    async ({ store, after, another }) => {
      const stores = [store, await another()]
      for (let round = 0; round < 10; round++) {
        const key = `k${round}`
        await store.create(key, bytes('A'), after(MINUTE))
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            (stores[i % 2] ?? store).replace(key, bytes(`B${i}`), after(MINUTE), whole('A')),
          ),
        )
        const winners = answers.flatMap((answer, i) =>
          'outcome' in answer && answer.outcome === 'replaced' ? [i] : [],
        )
        assert.equal(winners.length, 1)
        assert.equal(textOf(await store.read(key)), `B${winners[0]}`)
      }
    },
  )

  contract('of many creates exactly one is made', async ({ store, after, another }) => {
    const stores = [store, await another()]
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (stores[i % 2] ?? store).create('k', bytes(`A${i}`), after(MINUTE)),
      ),
    )
    assert.equal(answers.filter(Boolean).length, 1)
    assert.equal(textOf(await store.read('k')), `A${answers.indexOf(true)}`)
  })

  contract('of many rotates exactly one is made, and one key lives', async ({ store, after, another }) => {
    const stores = [store, await another()]
    await store.create('k', bytes('A'), after(MINUTE))
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (stores[i % 2] ?? store).rotate('k', `n${i}`, bytes(`B${i}`), after(MINUTE), whole('A'), {
          mark: markUntil(after(MINUTE), `ended:${i}`),
        }),
      ),
    )
    const alive = await Promise.all(answers.map((_, i) => store.read(`n${i}`)))
    assert.equal(alive.filter((found) => found !== null).length, 1)
    assert.equal(answers.filter((answer) => 'outcome' in answer && answer.outcome === 'replaced').length, 1)
  })

  contract('no write that races with destroy brings a session back', async ({ store, after, another }) => {
    const other = await another()
    for (let round = 0; round < ROUNDS; round++) {
      const [key, next] = [`k${round}`, `n${round}`]
      await store.create(key, bytes('A'), after(MINUTE))
      const race = [
        () => store.destroy(key),
        () => other.replace(key, bytes('B'), after(MINUTE), whole('A')),
        () => other.touch(key, after(2 * MINUTE)),
        () => other.replace(key, bytes('C'), after(MINUTE)),
      ]
      const from = round % race.length
      await Promise.all([...race.slice(from), ...race.slice(0, from)].map((write) => write()))
      assert.equal(await store.read(key), null)
      const late = await other.rotate(key, next, bytes('D'), after(MINUTE), whole('A'))
      assert.deepEqual(late, { outcome: 'gone' })
    }
  })

  contract('no read with extend that races with a write or with destroy undoes it', async (fixture) => {
    const { store, now, after } = fixture
    const other = await fixture.another()
    for (let round = 0; round < ROUNDS; round++) {
      const [key, ended] = [`k${round}`, `e${round}`]
      for (const one of [key, ended])
        await store.create(one, sliding(60, after(10 * MINUTE)), after(MINUTE / 2))
      const extend = { fields, now: now(), touchAfter: 0 }
      const race = [
        () => store.destroy(ended),
        () => other.read(ended, { extend }),
        () => store.replace(key, sliding(60, after(10 * MINUTE), 'B'), after(MINUTE / 2)),
        () => other.read(key, { extend }),
      ]
      const from = round % race.length
      await Promise.all([...race.slice(from), ...race.slice(0, from)].map((call) => call()))
      assert.equal(await store.read(ended), null)
      assert.match(textOf(await store.read(key)) as string, /B$/)
    }
  })

  contract('a rotate that races with destroy leaves at most the new key, and says so', async (fixture) => {
    const { store, after, another } = fixture
    const other = await another()
    for (let round = 0; round < ROUNDS; round++) {
      const [key, next] = [`k${round}`, `n${round}`]
      await store.create(key, bytes('A'), after(MINUTE))
      const [hasEnded, moved] = await Promise.all([
        store.destroy(key),
        other.rotate(key, next, bytes('B'), after(MINUTE), whole('A')),
      ])
      assert.ok(!(moved instanceof Error))
      assert.equal(hasEnded, moved.outcome === 'gone')
      assert.equal(await store.read(key), null)
      assert.equal(textOf(await store.read(next)), moved.outcome === 'gone' ? null : 'B')
    }
  })
}
