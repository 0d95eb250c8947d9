import { describe, expect, test } from 'vitest'
import { dumps, loads } from '../pickle.ts'
import { fromFrames, pythonOrSkip, runPython, toFrames } from '../testing/python.ts'

/** 100,000 with `PICKLE_VALUES=100000`: a few minutes. */
const COUNT = Number(process.env.PICKLE_VALUES ?? 6000)
const CHUNK = 6000
const SEED = 20_261_124

describe.skipIf(pythonOrSkip().skip)('random values of Python, in every protocol', () => {
  for (let start = 0; start < COUNT; start += CHUNK) {
    const count = Math.min(CHUNK, COUNT - start)
    test(`${count} from number ${start} come back to Python as they were, types, order and all`, () => {
      const pickles = [...fromFrames(runPython(['make', SEED, start, count]))]
      expect(pickles).toHaveLength(count)
      const rewritten = pickles.map((pickle) => dumps(loads(pickle)))
      expect(JSON.parse(String(runPython(['check', SEED, start, count], toFrames(rewritten))))).toEqual([])
    }, 120_000)
  }
})
