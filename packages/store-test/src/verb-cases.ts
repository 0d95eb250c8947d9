import { strict as assert } from 'node:assert'
import type { Contract } from './store-fixture.ts'
import { bytes, markUntil, stamp, textOf, whole } from './values.ts'

const MINUTE = 60_000
/** Milliseconds; enough for a command to come in time on a busy machine. */
const SHORTLY = 150

export function testReading(contract: Contract): void {
  contract('read answers null where nothing was written', async ({ store }) => {
    assert.equal(await store.read('k'), null)
  })

  contract('read answers what was written', async ({ store, after }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    assert.equal(textOf(await store.read('k')), 'A')
  })

  contract('read answers null once the deadline has passed', async ({ store, after, advance }) => {
    await store.create('k', bytes('A'), after(30))
    await advance(31)
    assert.equal(await store.read('k'), null)
  })

  contract('read tells of the deadline, where it knows it, to within a second', async ({ store, after }) => {
    const expiresAt = after(MINUTE)
    await store.create('k', bytes('A'), expiresAt)
    const found = await store.read('k')
    assert.ok(found && !(found instanceof Error))
    if (found.expiresAt !== undefined) assert.ok(Math.abs(found.expiresAt - expiresAt) < 1000)
  })

  contract('read withDeadline answers the deadline, and leaves it', async ({ store, after }) => {
    const expiresAt = after(50_000)
    await store.create('k', bytes('A'), expiresAt)
    for (let round = 0; round < 2; round++) {
      const found = await store.read('k', { withDeadline: true })
      assert.ok(found && !(found instanceof Error))
      assert.ok(Math.abs((found.expiresAt as number) - expiresAt) < 1000)
    }
    assert.equal(await store.read('none', { withDeadline: true }), null)
  })
}

export function testCreating(contract: Contract): void {
  contract('create writes where the key is free, and answers true', async ({ store, after }) => {
    assert.equal(await store.create('k', bytes('A'), after(MINUTE)), true)
    assert.equal(textOf(await store.read('k')), 'A')
  })

  contract('create leaves a key alone that is taken, and answers false', async ({ store, after }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    assert.equal(await store.create('k', bytes('B'), after(MINUTE)), false)
    assert.equal(textOf(await store.read('k')), 'A')
  })

  contract('create that finds the key taken leaves its deadline, whatever its own', async (fixture) => {
    const { store, after, advance } = fixture
    await store.create('k', bytes('A'), after(SHORTLY))
    await store.create('k', bytes('B'), after(-MINUTE))
    assert.equal(textOf(await store.read('k')), 'A')
    assert.equal(await store.create('k', bytes('B'), after(MINUTE)), false)
    await advance(SHORTLY)
    assert.equal(await store.read('k'), null)
  })

  contract('create takes no bytes for its own that only resemble them', async ({ store, after }) => {
    await store.create('k', bytes('A:1'), after(MINUTE))
    for (const other of ['A:', 'A:12', 'a:1', '']) {
      assert.equal(await store.create('k', bytes(other), after(MINUTE)), false, other)
    }
    assert.equal(textOf(await store.read('k')), 'A:1')
  })

  contract(
    'create that finds exactly its own bytes is a success: its reply was lost',
    async ({ store, after }) => {
      await store.create('k', bytes('A'), after(MINUTE))
      assert.equal(await store.create('k', bytes('A'), after(MINUTE)), true)
    },
  )

  contract('create takes a key whose deadline has passed', async ({ store, after, advance }) => {
    await store.create('k', bytes('A'), after(30))
    await advance(31)
    assert.equal(await store.create('k', bytes('B'), after(MINUTE)), true)
    assert.equal(textOf(await store.read('k')), 'B')
  })

  contract(
    'create with a deadline that is not in the future writes nothing and answers true',
    async (fixture) => {
      const { store, now, after } = fixture
      assert.equal(await store.create('k', bytes('A'), now()), true)
      assert.equal(await store.create('l', bytes('A'), after(-MINUTE)), true)
      assert.equal(await store.read('k'), null)
      assert.equal(await store.read('l'), null)
    },
  )

  contract('create takes a deadline of never', async ({ store }) => {
    assert.equal(await store.create('k', bytes('A'), Number.POSITIVE_INFINITY), true)
    assert.equal(textOf(await store.read('k')), 'A')
  })
}

export function testReplacing(contract: Contract): void {
  const expectations = [
    ['the whole value', whole('A:1'), whole('B')],
    ['a stamp', stamp('A:'), stamp('B:')],
  ] as const

  for (const [name, right, wrong] of expectations) {
    contract(`replace that expects ${name} writes over it`, async ({ store, after }) => {
      await store.create('k', bytes('A:1'), after(MINUTE))
      assert.deepEqual(await store.replace('k', bytes('A:2'), after(MINUTE), right), { outcome: 'replaced' })
      assert.equal(textOf(await store.read('k')), 'A:2')
    })

    contract(
      `replace that expects ${name} answers a conflict with what is there instead`,
      async (fixture) => {
        const { store, after } = fixture
        await store.create('k', bytes('A:1'), after(MINUTE))
        const answer = await store.replace('k', bytes('A:2'), after(MINUTE), wrong)
        assert.ok(!(answer instanceof Error))
        assert.equal(answer.outcome, 'conflict')
        assert.equal(textOf(answer), 'A:1')
        assert.equal(textOf(await store.read('k')), 'A:1')
      },
    )

    contract(
      `replace that expects ${name} brings nothing to life: gone`,
      async ({ store, after, advance }) => {
        assert.deepEqual(await store.replace('k', bytes('A:2'), after(MINUTE), right), { outcome: 'gone' })
        await store.create('k', bytes('A:1'), after(30))
        await advance(31)
        assert.deepEqual(await store.replace('k', bytes('A:2'), after(MINUTE), right), { outcome: 'gone' })
        assert.equal(await store.read('k'), null)
      },
    )
  }

  contract('replace and rotate take nothing for what they expect that only resembles it', async (fixture) => {
    const { store, after } = fixture
    await store.create('k', bytes('A:1'), after(MINUTE))
    const near = [...['A:', 'A:12', 'a:1', ':1', ''].map(whole), ...['A:12', 'a:', ':1', ' A:'].map(stamp)]
    for (const expected of near) {
      const answers = [
        await store.replace('k', bytes('B'), after(MINUTE), expected),
        await store.rotate('k', 'new', bytes('B'), after(MINUTE), expected),
      ]
      for (const answer of answers) assert.equal((answer as { outcome?: string }).outcome, 'conflict')
    }
    assert.equal(textOf(await store.read('k')), 'A:1')
    assert.equal(await store.read('new'), null)
  })

  contract(
    'replace without an expectation writes over anything that lives, and over nothing else',
    async (fixture) => {
      const { store, after } = fixture
      assert.deepEqual(await store.replace('k', bytes('B'), after(MINUTE)), { outcome: 'gone' })
      await store.create('k', bytes('A'), after(MINUTE))
      assert.deepEqual(await store.replace('k', bytes('B'), after(MINUTE)), { outcome: 'replaced' })
      assert.equal(textOf(await store.read('k')), 'B')
    },
  )

  contract(
    'replace that is called again, as its reply was lost, answers as before',
    async ({ store, after }) => {
      await store.create('k', bytes('A'), after(MINUTE))
      const again = () => store.replace('k', bytes('B'), after(MINUTE), whole('A'))
      assert.deepEqual(await again(), { outcome: 'replaced' })
      assert.deepEqual(await again(), { outcome: 'replaced' })
    },
  )

  contract('replace moves the deadline', async ({ store, after, advance }) => {
    await store.create('k', bytes('A'), after(SHORTLY))
    await store.replace('k', bytes('B'), after(MINUTE), whole('A'))
    await advance(SHORTLY)
    assert.equal(textOf(await store.read('k')), 'B')
  })

  contract('replace brings the deadline nearer as well', async ({ store, after, advance }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    await store.replace('k', bytes('B'), after(30), whole('A'))
    await advance(31)
    assert.equal(await store.read('k'), null)
  })

  contract(
    'replace with a deadline that is not in the future ends the key: replaced',
    async ({ store, now, after }) => {
      await store.create('k', bytes('A'), after(MINUTE))
      assert.deepEqual(await store.replace('k', bytes('B'), now(), whole('A')), { outcome: 'replaced' })
      assert.equal(await store.read('k'), null)
    },
  )
}

export function testRotating(contract: Contract): void {
  contract('rotate moves a living session to a new key', async ({ store, after }) => {
    await store.create('old', bytes('A'), after(MINUTE))
    const answer = await store.rotate('old', 'new', bytes('B'), after(MINUTE), whole('A'))
    assert.deepEqual(answer, { outcome: 'replaced' })
    assert.equal(await store.read('old'), null)
    assert.equal(textOf(await store.read('new')), 'B')
  })

  contract('rotate gives the new key its own deadline, later or earlier', async (fixture) => {
    const { store, after, advance } = fixture
    await store.create('old', bytes('A'), after(SHORTLY))
    await store.rotate('old', 'new', bytes('B'), after(MINUTE), whole('A'))
    await advance(SHORTLY)
    assert.equal(textOf(await store.read('new')), 'B')
    await store.rotate('new', 'next', bytes('C'), after(30), whole('B'))
    await advance(31)
    assert.equal(await store.read('next'), null)
  })

  contract('rotate to the key itself changes nothing: taken', async ({ store, after }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    for (const value of ['A', 'B']) {
      const answer = await store.rotate('k', 'k', bytes(value), after(MINUTE), stamp('A'))
      assert.deepEqual(answer, { outcome: 'taken' })
    }
    assert.equal(textOf(await store.read('k')), 'A')
  })

  contract('rotate of a dead session leaves it dead: gone', async ({ store, after }) => {
    const answer = await store.rotate('old', 'new', bytes('B'), after(MINUTE), whole('A'))
    assert.deepEqual(answer, { outcome: 'gone' })
    assert.equal(await store.read('new'), null)
  })

  contract(
    'rotate answers a conflict with what is there instead, and moves nothing',
    async ({ store, after }) => {
      await store.create('old', bytes('A'), after(MINUTE))
      const answer = await store.rotate('old', 'new', bytes('C'), after(MINUTE), whole('B'))
      assert.ok(!(answer instanceof Error))
      assert.equal(answer.outcome, 'conflict')
      assert.equal(textOf(answer), 'A')
      assert.equal(textOf(await store.read('old')), 'A')
      assert.equal(await store.read('new'), null)
    },
  )

  contract('rotate to a key in use changes nothing: taken', async ({ store, after }) => {
    await store.create('old', bytes('A'), after(MINUTE))
    await store.create('new', bytes('X'), after(MINUTE))
    const answer = await store.rotate('old', 'new', bytes('B'), after(MINUTE), whole('A'))
    assert.deepEqual(answer, { outcome: 'taken' })
    assert.equal(textOf(await store.read('old')), 'A')
    assert.equal(textOf(await store.read('new')), 'X')
  })

  for (const [name, options] of [
    ['', () => undefined],
    [' with a mark', (after: (ms: number) => number) => ({ mark: markUntil(after(MINUTE)) })],
  ] as const) {
    contract(
      `rotate${name} that is called again, as its reply was lost, answers as before`,
      async (fixture) => {
        const { store, after } = fixture
        await store.create('old', bytes('A'), after(MINUTE))
        const again = () => store.rotate('old', 'new', bytes('B'), after(MINUTE), whole('A'), options(after))
        assert.deepEqual(await again(), { outcome: 'replaced' })
        assert.deepEqual(await again(), { outcome: 'replaced' })
        assert.equal(textOf(await store.read('new')), 'B')
      },
    )
  }
}

export function testTouching(contract: Contract): void {
  contract(
    'touch moves the deadline of a living key, and answers true',
    async ({ store, after, advance }) => {
      await store.create('k', bytes('A'), after(SHORTLY))
      assert.equal(await store.touch('k', after(MINUTE)), true)
      await advance(SHORTLY)
      assert.equal(textOf(await store.read('k')), 'A')
    },
  )

  contract('touch brings the deadline nearer as well', async ({ store, after, advance }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    assert.equal(await store.touch('k', after(30)), true)
    await advance(31)
    assert.equal(await store.read('k'), null)
  })

  contract('touch brings nothing to life, and answers false', async ({ store, after, advance }) => {
    assert.equal(await store.touch('k', after(MINUTE)), false)
    await store.create('k', bytes('A'), after(30))
    await advance(31)
    assert.equal(await store.touch('k', after(MINUTE)), false)
    assert.equal(await store.read('k'), null)
  })

  contract('touch with a deadline that is not in the future ends the key', async ({ store, now, after }) => {
    await store.create('k', bytes('A'), after(MINUTE))
    assert.equal(await store.touch('k', now()), true)
    assert.equal(await store.read('k'), null)
  })
}

export function testDestroying(contract: Contract): void {
  contract(
    'destroy removes what is there, and answers whether there was something',
    async ({ store, after }) => {
      await store.create('k', bytes('A'), after(MINUTE))
      assert.equal(await store.destroy('k'), true)
      assert.equal(await store.destroy('k'), false)
      assert.equal(await store.read('k'), null)
    },
  )

  contract('destroy answers false once the deadline has passed', async ({ store, after, advance }) => {
    await store.create('k', bytes('A'), after(30))
    await advance(31)
    assert.equal(await store.destroy('k'), false)
  })
}
