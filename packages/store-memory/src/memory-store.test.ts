import { testSessionStore } from '@tegata/store-test'
import { ConformanceRows } from '@tegata/test-servers'
import { describe, expect, test } from 'vitest'
import { type MemoryStoreOptions, memoryStore } from './memory-store.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const rows = new ConformanceRows()

for (const onFull of ['refuse', 'evict'] as const) {
  describe(`the store contract, onFull: '${onFull}'`, () => {
    testSessionStore({
      test: rows.row(`onFull: '${onFull}'`, 'in the process'),
      supports: { conditional: true, shared: false, enumerate: true, owners: true, watch: false },
      createStore() {
        const clock = { time: 1_000_000 }
        const store = memoryStore({ now: () => clock.time, onFull })
        return {
          store,
          now: () => clock.time,
          advance(ms) {
            clock.time += ms
          },
        }
      },
    })
  })
}
rows.expectAsIn('../conformance.json')

function full(options: MemoryStoreOptions) {
  const clock = { time: 1000 }
  const store = memoryStore({ now: () => clock.time, ...options })
  const fill = async (n: number, expiresAt = 2000) => {
    for (let i = 0; i < n; i++) await store.create(`k${i}`, bytes('1234567890'), expiresAt)
  }
  return { clock, store, fill }
}

describe('a full store', () => {
  test.each([{ maxSessions: 3 }, { maxBytes: 35 }])(
    'refuses new sessions and keeps all others (%o)',
    async (bound) => {
      const { store, fill } = full(bound)
      await fill(3)
      await expect(store.create('new', bytes('1234567890'), 2000)).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        outcome: 'not-applied',
      })
      expect(await store.read('k0')).not.toBeNull()
      expect(store.size).toBe(3)
    },
  )

  test('still replaces and rotates what it holds', async () => {
    const { store, fill } = full({ maxSessions: 2, maxBytes: 20 })
    await fill(2)
    await expect(store.replace('k0', bytes('0987654321'), 2000)).resolves.toEqual({ outcome: 'replaced' })
    await expect(store.rotate('k0', 'n0', bytes('1234567890'), 2000)).resolves.toEqual({
      outcome: 'replaced',
    })
  })

  test('keeps a session that would grow out of its bounds as it was', async () => {
    const { store, fill } = full({ maxBytes: 20 })
    await fill(2)
    await expect(store.replace('k0', bytes('12345678901'), 2000)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    await expect(store.rotate('k0', 'n0', bytes('12345678901'), 2000)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    expect(new TextDecoder().decode(((await store.read('k0')) as { value: Uint8Array }).value)).toBe(
      '1234567890',
    )
    expect(await store.read('n0')).toBeNull()
  })

  test('makes room by what has expired', async () => {
    const { clock, store, fill } = full({ maxSessions: 3 })
    await fill(3)
    clock.time = 2000
    await expect(store.create('new', bytes('1'), 3000)).resolves.toBe(true)
    expect(store.size).toBe(1)
  })

  test("with onFull: 'evict' ends the session that was not used for longest", async () => {
    const { store, fill } = full({ maxSessions: 3, onFull: 'evict' })
    await fill(3)
    await store.read('k0')
    await store.create('new', bytes('1'), 2000)
    expect(await store.read('k1')).toBeNull()
    expect(await store.read('k0')).not.toBeNull()
    expect(store.size).toBe(3)
  })

  test("with onFull: 'evict' refuses what is larger than the whole store, and ends nobody for it", async () => {
    const { store, fill } = full({ maxBytes: 25, onFull: 'evict' })
    await fill(2)
    await expect(store.create('new', bytes('x'.repeat(26)), 2000)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    expect(store.size).toBe(2)
  })
})

describe('expiry', () => {
  test('sweeps what nobody asks for any more, without a timer', async () => {
    const { clock, store, fill } = full({})
    await fill(1000)
    clock.time = 2000
    for (let i = 0; i < 500; i++) await store.create(`later${i}`, bytes('1'), 3000)
    expect(store.size).toBe(500)
  })
})

test.each([{ maxSessions: 0 }, { maxBytes: Number.NaN }, { onFull: 'panic' }, { now: 5 }, { maxSession: 1 }])(
  'refuses %o',
  (options) => {
    expect(() => memoryStore(options as MemoryStoreOptions)).toThrow(TypeError)
    expect(() => memoryStore(options as MemoryStoreOptions)).toThrow(`\`${Object.keys(options)}\``)
  },
)
