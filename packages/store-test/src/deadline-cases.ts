import { strict as assert } from 'node:assert'
import type { StoredValue } from '@tegata/core'
import type { Contract, ReadyFixture } from './store-fixture.ts'
import { bytes, fields, leading, markUntil, sliding, textOf, whole } from './values.ts'

const MINUTE = 60_000
/** Milliseconds; enough for a command to come in time on a busy machine. */
const SHORTLY = 150

export function testSliding(contract: Contract): void {
  contract('read with extend moves the deadline to now + idle, and answers it', async (fixture) => {
    const { store, now, after, advance } = fixture
    await store.create('k', sliding(60, after(10 * MINUTE)), after(SHORTLY))
    const at = now()
    const found = await store.read('k', { extend: { fields, now: at, touchAfter: 0 } })
    assert.ok(found && !(found instanceof Error))
    assert.ok(Math.abs((found.expiresAt as number) - (at + MINUTE)) < 1000)
    await advance(SHORTLY)
    assert.ok(await store.read('k'))
  })

  contract('read with extend moves the deadline no further than the value allows', async (fixture) => {
    const { store, now, after } = fixture
    const until = after(MINUTE)
    await store.create('k', sliding(3600, until), after(MINUTE))
    const found = await store.read('k', { extend: { fields, now: now(), touchAfter: 0 } })
    assert.ok(found && !(found instanceof Error))
    assert.ok(Math.abs((found.expiresAt as number) - until) < 1000)
  })

  contract('read with extend leaves a deadline that would move by less than touchAfter', async (fixture) => {
    const { store, now, after } = fixture
    const expiresAt = after(50_000)
    await store.create('k', sliding(60, after(10 * MINUTE)), expiresAt)
    const found = await store.read('k', { extend: { fields, now: now(), touchAfter: 30_000 } })
    assert.ok(found && !(found instanceof Error))
    assert.ok(Math.abs((found.expiresAt as number) - expiresAt) < 1000)
  })

  contract(
    'read with extend moves a deadline by no less than touchAfter, nearer as well',
    async (fixture) => {
      const { store, now, after } = fixture
      const before = { earlier: after(20_000), later: after(10 * MINUTE), never: Number.POSITIVE_INFINITY }
      for (const [key, expiresAt] of Object.entries(before)) {
        await store.create(key, sliding(60, after(20 * MINUTE)), expiresAt)
        const at = now()
        const found = await store.read(key, { extend: { fields, now: at, touchAfter: 30_000 } })
        assert.ok(Math.abs(((found as StoredValue).expiresAt as number) - (at + MINUTE)) < 1000, key)
        const again = await store.read(key, { withDeadline: true })
        assert.ok(Math.abs(((again as StoredValue).expiresAt as number) - (at + MINUTE)) < 1000, key)
      }
    },
  )

  contract('read with extend finds the fields where it is told', async ({ store, now, after }) => {
    const elsewhere = { until: [3, 8], idle: [13, 3] } as const
    // Others that look like fields are around them.
    const field = (number: number, width: number) => number.toString(36).padStart(width, '0')
    const value = bytes(`zzz${field(after(10 * MINUTE), 8)}1z${field(60, 3)}zz`)
    await store.create('k', value, after(5 * MINUTE))
    const at = now()
    const found = await store.read('k', { extend: { fields: elsewhere, now: at, touchAfter: 0 } })
    assert.ok(Math.abs(((found as StoredValue).expiresAt as number) - (at + MINUTE)) < 1000)
  })

  contract(
    'read with extend ends a key whose last deadline has passed, whatever touchAfter',
    async (fixture) => {
      const { store, now, after } = fixture
      await store.create('k', sliding(60, after(-1)), after(MINUTE / 2))
      assert.equal(await store.read('k', { extend: { fields, now: now(), touchAfter: MINUTE } }), null)
      assert.equal(await store.read('k'), null)
    },
  )

  contract('read with extend ends a key whose last deadline has passed', async ({ store, now, after }) => {
    await store.create('k', sliding(60, after(-1)), after(MINUTE))
    assert.equal(await store.read('k', { extend: { fields, now: now(), touchAfter: 0 } }), null)
    assert.equal(await store.read('k'), null)
  })

  contract(
    'read with extend leaves a value alone whose fields it cannot read',
    async ({ store, now, after, advance }) => {
      const until = textOf({ value: sliding(60, after(10 * MINUTE)) }) as string
      const last = until.slice(4)
      const unreadable = {
        ...{ none: '', short: '12', cut: until.slice(0, -1), odd: '........./////' },
        ...{ idle: `!!!!${last}`, until: `${until.slice(0, 4)}!!!!!!!!!` },
        ...{ signed: `-00a${last}`, spaced: ` 01o${last}`, broken: `1o.0${last}`, wide: `０1${last}` },
      }
      for (const [key, value] of Object.entries(unreadable)) {
        await store.create(key, bytes(value), after(SHORTLY))
        const found = await store.read(key, { extend: { fields, now: now(), touchAfter: 0 } })
        assert.equal(textOf(found), value, key)
      }
      await advance(SHORTLY + 1)
      for (const key of Object.keys(unreadable)) assert.equal(await store.read(key), null, key)
    },
  )

  contract(
    'read with extend moves the deadline by the idle time that a value begins with',
    async (fixture) => {
      const { store, now, after } = fixture
      const values = {
        [`${leading.lead}60000}`]: MINUTE,
        [`${leading.lead}7200000,"idle":5}`]: 120 * MINUTE,
        [`${leading.lead}100000000000000,`]: 1e14,
        [`${leading.lead}null,"idle":5}`]: leading.otherwise,
      }
      for (const [value, idle] of Object.entries(values)) {
        await store.create(value, bytes(value), after(10 * MINUTE))
        const at = now()
        const found = await store.read(value, { extend: { fields: leading, now: at, touchAfter: 0 } })
        assert.equal(textOf(found), value)
        assert.ok(Math.abs(((found as StoredValue).expiresAt as number) - (at + idle)) < 1000, value)
        const again = await store.read(value, { withDeadline: true })
        assert.ok(Math.abs(((again as StoredValue).expiresAt as number) - (at + idle)) < 1000, value)
      }
    },
  )

  contract('read with extend throttles that by touchAfter as well', async ({ store, now, after }) => {
    const value = bytes(`${leading.lead}60000}`)
    for (const [key, expiresAt, isMoved] of [
      ['k:1', after(50_000), false],
      ['k:2', after(20_000), true],
    ] as const) {
      await store.create(key, value, expiresAt)
      const at = now()
      const found = await store.read(key, { extend: { fields: leading, now: at, touchAfter: 30_000 } })
      const expected = isMoved ? at + MINUTE : expiresAt
      assert.ok(Math.abs(((found as StoredValue).expiresAt as number) - expected) < 1000, key)
    }
  })

  contract(
    'read with extend leaves a value alone that begins with no idle time',
    async ({ store, now, after, advance }) => {
      const { lead } = leading
      const unreadable = [
        ...['', lead, `${lead}60000`, `${lead}nul`, `${lead}nullnull}`, `${lead}}`],
        ...[`${lead}0}`, `${lead}060000}`, `${lead}-60000}`, `${lead}6.5}`, `${lead}6e4}`, `${lead}"60000"}`],
        ...[`${lead} 60000}`, `${lead}60000 }`, `${lead}1000000000000000}`, `${lead}0x10}`],
        ...[` ${lead}60000}`, `${lead.toUpperCase()}60000}`, `${lead.replace('%', '%%')}60000}`],
      ]
      for (const [i, value] of unreadable.entries()) {
        await store.create(`k:${i}`, bytes(value), after(SHORTLY))
        const found = await store.read(`k:${i}`, { extend: { fields: leading, now: now(), touchAfter: 0 } })
        assert.equal(textOf(found), value)
      }
      await advance(SHORTLY + 1)
      for (const [i, value] of unreadable.entries()) assert.equal(await store.read(`k:${i}`), null, value)
    },
  )

  contract('read with extend brings nothing to life', async ({ store, now }) => {
    assert.equal(await store.read('k', { extend: { fields, now: now(), touchAfter: 0 } }), null)
  })
}

/** Where a store tells of a deadline that need not come: to within a second. */
async function isKept({ store }: ReadyFixture, key: string, expiresAt: number): Promise<void> {
  const found = (await store.read(key, { withDeadline: true })) as StoredValue
  const told = found.expiresAt as number
  assert.ok(told === expiresAt || Math.abs(told - expiresAt) < 1000, `${told}, not ${expiresAt}`)
}

/** Until when a session may live: from one that has long passed to the last that can be told. */
export function testDeadlineEdges(contract: Contract): void {
  const never = {
    'in ten years': (now: number) => now + 10 * 365 * 24 * 60 * MINUTE,
    'of the last safe integer': () => Number.MAX_SAFE_INTEGER,
    'of never': () => Number.POSITIVE_INFINITY,
    'with a fraction': (now: number) => now + MINUTE + 0.25,
  }
  for (const [name, deadline] of Object.entries(never)) {
    contract(`every verb takes a deadline ${name}`, async (fixture) => {
      const { store, now, advance } = fixture
      const expiresAt = deadline(now())
      // A store may take what is as far away as that for never.
      const kept = async (key: string) =>
        expiresAt === Number.MAX_SAFE_INTEGER || isKept(fixture, key, expiresAt)
      assert.equal(await store.create('k', bytes('A'), expiresAt), true)
      await kept('k')
      const replaced = await store.replace('k', bytes('B'), expiresAt, whole('A'))
      assert.deepEqual(replaced, { outcome: 'replaced' })
      await kept('k')
      assert.equal(await store.touch('k', expiresAt), true)
      await kept('k')
      const mark = markUntil(expiresAt)
      const rotated = await store.rotate('k', 'l', bytes('C'), expiresAt, whole('B'), { mark })
      assert.deepEqual(rotated, { outcome: 'replaced' })
      await advance(20)
      assert.equal(textOf(await store.read('k')), 'ended:1')
      assert.equal(textOf(await store.read('l')), 'C')
      for (const key of ['k', 'l']) await kept(key)
      assert.equal(await store.destroy('l', { mark }), true)
      assert.equal(textOf(await store.read('l')), 'ended:1')
    })
  }

  const ended = {
    'of now': (now: number) => now,
    'just passed': (now: number) => now - 0.25,
    'of 1970': () => 0,
    'before 1970': () => -1,
    'passed for ever': () => Number.NEGATIVE_INFINITY,
  }
  for (const [name, deadline] of Object.entries(ended)) {
    contract(`no verb leaves anything alive with a deadline ${name}`, async ({ store, now, after }) => {
      const expiresAt = deadline(now())
      assert.equal(await store.create('k', bytes('A'), expiresAt), true)
      assert.equal(await store.read('k'), null)
      const verbs = {
        replace: () => store.replace('k', bytes('B'), expiresAt, whole('A')),
        rotate: () => store.rotate('k', 'l', bytes('B'), expiresAt, whole('A')),
        touch: () => store.touch('k', expiresAt),
        destroy: () => store.destroy('k', { mark: markUntil(expiresAt) }),
      }
      for (const verb of Object.values(verbs)) {
        await store.create('k', bytes('A'), after(MINUTE))
        const answer = await verb()
        assert.ok(answer === true || (answer as { outcome: string }).outcome === 'replaced')
        assert.equal(await store.read('k'), null)
        assert.equal(await store.read('l'), null)
      }
    })
  }
}

export function testLateWrites(contract: Contract): void {
  const writes: [string, (fixture: ReadyFixture, notAfter: number) => Promise<unknown>][] = [
    ['create', ({ store, after }, notAfter) => store.create('free', bytes('B'), after(MINUTE), { notAfter })],
    [
      'replace',
      ({ store, after }, notAfter) => store.replace('k', bytes('B'), after(MINUTE), whole('A'), { notAfter }),
    ],
    [
      'rotate',
      ({ store, after }, notAfter) =>
        store.rotate('k', 'free', bytes('B'), after(MINUTE), whole('A'), { notAfter }),
    ],
    ['touch', ({ store, now }, notAfter) => store.touch('k', now(), { notAfter })],
    ['destroy', ({ store }, notAfter) => store.destroy('k', { notAfter })],
  ]
  for (const [verb, write] of writes) {
    contract(`${verb} after its time is refused as not applied, and changes nothing`, async (fixture) => {
      const { store, after, advance } = fixture
      await store.create('k', bytes('A'), after(MINUTE))
      // The store has to know the time to refuse by it.
      await store.touch('k', after(MINUTE), { notAfter: after(MINUTE) })
      const notAfter = after(-200)
      await advance(1)
      await assert.rejects(write(fixture, notAfter), { code: 'STORE_UNAVAILABLE', outcome: 'not-applied' })
      assert.equal(textOf(await store.read('k')), 'A')
      assert.equal(await store.read('free'), null)
    })

    contract(`${verb} in time is applied`, async (fixture) => {
      await fixture.store.create('k', bytes('A'), fixture.after(MINUTE))
      const answer = await write(fixture, fixture.after(MINUTE))
      assert.ok(answer === true || (answer as { outcome: string }).outcome === 'replaced')
    })
  }
  contract(
    'a write that was made is answered as such when it is called again after its time',
    async (fixture) => {
      const { store, after, advance } = fixture
      await store.touch('k', after(MINUTE), { notAfter: after(MINUTE) })
      await store.create('l', bytes('A'), after(MINUTE))
      const mark = markUntil(after(MINUTE))
      const writes = [
        (notAfter: number) => store.create('k', bytes('A'), after(MINUTE), { notAfter }),
        (notAfter: number) => store.replace('k', bytes('B'), after(MINUTE), whole('A'), { notAfter }),
        (notAfter: number) =>
          store.rotate('k', 'new', bytes('C'), after(MINUTE), whole('B'), { notAfter, mark }),
        (notAfter: number) => store.destroy('l', { notAfter, mark }),
      ]
      for (const write of writes) {
        const first = await write(after(MINUTE))
        assert.ok(first === true || (first as { outcome: string }).outcome === 'replaced')
        await advance(1)
        assert.deepEqual(await write(after(-200)), first)
      }
    },
  )
}
