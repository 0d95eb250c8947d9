import { setTimeout as sleep } from 'node:timers/promises'
import { redisOrSkip } from '@tegata/test-servers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { libraries } from './libraries.ts'
import { Load, type Slot } from './load.ts'

/** How long each stage of a rollout lasts, milliseconds. */
const STAGE = 700
const PEOPLE = 12

await redisOrSkip('servers swapped one by one under load', (redis) => {
  describe.each(Object.entries(libraries))('from %s to Tegata and back', (name, library) => {
    test('nobody is logged out, nobody stays logged in, and no write is lost', async () => {
      const start = async (kind: Slot['kind']) => ({ kind, server: await library[kind](redis) })
      const load = new Load([await start('old'), await start('old'), await start('old')])
      onTestFinished(async () => void (await Promise.all(load.slots.map(({ server }) => server.stop()))))
      const report = await load.run(PEOPLE, async () => {
        await sleep(STAGE)
        for (const kind of ['tegata', 'old'] as const) {
          for (const at of [0, 1, 2]) {
            await load.swap(at, await start(kind))
            await sleep(STAGE)
          }
        }
      })
      console.info(name, report)
      expect(report).toMatchObject({ logouts: 0, ghosts: 0, lostWrites: { old: 0, tegata: 0 }, errors: [] })
      for (const kind of ['old', 'tegata'] as const) {
        expect(report.logins[kind]).toBeGreaterThan(0)
        expect(report.writes[kind]).toBeGreaterThan(10)
      }
    })
  })
})
