import { expect, test, vi } from 'vitest'
import { Deadlines } from './deadlines.ts'

test('calls that are not answered in time fail one by one, and no others', async () => {
  const deadlines = new Deadlines(30)
  const failed: string[] = []
  deadlines.start(() => failed.push('first'))
  const answered = deadlines.start(() => failed.push('answered'))
  await new Promise((resolve) => setTimeout(resolve, 15))
  deadlines.start(() => failed.push('second'))
  deadlines.end(answered)
  expect(failed).toEqual([])
  await vi.waitFor(() => expect(failed).toEqual(['first', 'second']))
  deadlines.start(() => failed.push('third'))
  await vi.waitFor(() => expect(failed).toEqual(['first', 'second', 'third']))
})
