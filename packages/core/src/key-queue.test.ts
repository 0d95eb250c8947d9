import { describe, expect, test } from 'vitest'
import { Budget } from './budget.ts'
import { utf8 } from './bytes.ts'
import { KeyQueue } from './key-queue.ts'
import { gate } from './testing.ts'

const within = <T>(seconds: number, work: (budget: Budget) => Promise<T>) =>
  Budget.spend(seconds, Date.now, work)

describe('commits to one key', () => {
  test('go one after another, each told what the one before left there', async () => {
    const queue = new KeyQueue()
    const log: string[] = []
    const commit = (name: string) =>
      within(5, (budget) =>
        queue.run('key', budget, async (latest) => {
          log.push(`${name} after ${latest && new TextDecoder().decode(latest)}`)
          await new Promise((resolve) => setTimeout(resolve, 2))
          log.push(`${name} ends`)
          return { answer: name, value: utf8(name) }
        }),
      )
    expect(await Promise.all(['a', 'b', 'c'].map(commit))).toEqual(['a', 'b', 'c'])
    expect(log).toEqual(['a after undefined', 'a ends', 'b after a', 'b ends', 'c after b', 'c ends'])
  })

  test('go on after one that failed, which left nobody knows what', async () => {
    const queue = new KeyQueue()
    const failed = within(5, (budget) => queue.run('key', budget, () => Promise.reject(new Error('no'))))
    const next = within(5, (budget) => queue.run('key', budget, async (latest) => ({ answer: latest })))
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBeUndefined()
  })

  test('go on after one that ran out of time', async () => {
    const queue = new KeyQueue()
    const hung = within(0.05, (budget) => queue.run('key', budget, () => new Promise<never>(() => {})))
    const next = within(5, (budget) => queue.run('key', budget, async () => ({ answer: 'next' })))
    await expect(hung).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await next).toBe('next')
  })

  test('of different keys do not wait for one another', async () => {
    const queue = new KeyQueue()
    const { opened, open } = gate()
    const first = within(5, (budget) => queue.run('a', budget, () => opened.then(() => ({ answer: 'a' }))))
    expect(await within(5, (budget) => queue.run('b', budget, async () => ({ answer: 'b' })))).toBe('b')
    open()
    expect(await first).toBe('a')
  })
})
