import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Budget } from './budget.ts'
import { StoreUnavailableError } from './errors.ts'

const lost = () => Promise.reject(new Error('connection lost'))
const never = () => new Promise<never>(() => {})
const refused = () => Promise.reject(new StoreUnavailableError('refused', { outcome: 'not-applied' }))
const unavailable = (outcome: string) =>
  expect.objectContaining({ code: 'STORE_UNAVAILABLE', status: 503, outcome })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Runs `work` with a budget of five seconds and answers how it ended, letting time pass as far as it takes. */
async function spend<T>(work: (budget: Budget) => Promise<T>): Promise<unknown> {
  const end = Budget.spend(5, Date.now, work).catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(60_000)
  return end
}

describe('a budget', () => {
  test('answers what its work answers, and leaves no timer behind', async () => {
    expect(await Budget.spend(5, Date.now, async () => 'done')).toBe('done')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('ends at its time, whatever is still in flight', async () => {
    const started = Date.now()
    const ended = Budget.spend(5, Date.now, never).catch(() => Date.now())
    await vi.advanceTimersByTimeAsync(5000)
    expect(await ended).toBe(started + 5000)
  })

  test('tells that a read changed nothing', async () => {
    expect(await spend((budget) => budget.read(never))).toEqual(unavailable('not-applied'))
    expect(await spend((budget) => budget.read(lost))).toEqual(unavailable('not-applied'))
  })

  test('tells that a write without an answer may have been applied', async () => {
    expect(await spend((budget) => budget.write(never))).toEqual(unavailable('unknown'))
  })

  test('sends a write again whose answer was lost, and tells that it did', async () => {
    const call = vi.fn(lost as () => Promise<unknown>).mockRejectedValueOnce(new Error('lost'))
    call.mockRejectedValueOnce(new Error('lost')).mockResolvedValueOnce('applied')
    expect(await spend((budget) => budget.write(call))).toEqual({ answer: 'applied', repeated: true })
    expect(call).toHaveBeenCalledTimes(3)
  })

  test('sends a write once that the store refused', async () => {
    const call = vi.fn(refused)
    expect(await spend((budget) => budget.write(call))).toEqual(unavailable('not-applied'))
    expect(call).toHaveBeenCalledTimes(1)
  })

  test('does not take the refusal of a repeated write for the fate of the first', async () => {
    const call = vi.fn(refused as () => Promise<unknown>).mockRejectedValueOnce(new Error('lost'))
    expect(await spend((budget) => budget.write(call))).toEqual(unavailable('unknown'))
  })

  test('pauses between writes, longer each time, so that a server that returns is not stormed', async () => {
    const call = vi.fn(lost)
    await spend((budget) => budget.write(call))
    expect(call.mock.calls.length).toBeGreaterThan(5)
    expect(call.mock.calls.length).toBeLessThan(20)
  })

  test('sends nothing more once its time is over', async () => {
    const call = vi.fn(lost)
    const started = Date.now()
    const times: number[] = []
    await spend((budget) =>
      budget.write(() => {
        times.push(Date.now() - started)
        return call()
      }),
    )
    expect(Math.max(...times)).toBeLessThanOrEqual(5000)
  })

  test('lets work that nobody waits for any more go no further', async () => {
    const next = vi.fn(lost)
    await spend(async (budget) => {
      await budget.read(() => new Promise((resolve) => setTimeout(resolve, 6000)))
      await budget.write(next)
    })
    expect(next).not.toHaveBeenCalled()
  })

  test('lets who waits in line go on at its end', async () => {
    let waited: unknown = 'still waiting'
    await spend(async (budget) => {
      void budget.outlast(never()).then((answer) => {
        waited = answer
      })
      return never()
    })
    expect(waited).toBeUndefined()
  })
})
