import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { bombs, djangoValues, pickleOf } from '../testing/fixtures.ts'
import { compress, decompress, MAX_DECOMPRESSED } from './compression.ts'

const sample = (compressor: string) => {
  const own = djangoValues.filter((fixture) => fixture.compressor === compressor && fixture.expect === 'ok')
  const [longest] = own.sort((a, b) => b.value_base64.length - a.value_base64.length)
  return pickleOf(longest ?? { value_base64: '' })
}

describe('a compressed value', () => {
  test.each(['zlib', 'gzip', 'lz4', 'zstd', 'lzma'])(
    'of %s that was cut off anywhere is an error',
    (compressor) => {
      const whole = sample(compressor)
      const plain = decompress(whole)
      for (let length = 6; length < whole.length; length++) {
        let read: Uint8Array | undefined
        try {
          read = decompress(whole.slice(0, length))
        } catch {
          continue
        }
        // What zlib's checksum is cut off of; nothing else is read at all.
        expect([length, read]).toEqual([length, plain])
      }
    },
  )

  test.each(['zstd', 'lz4', 'lzma'] as const)(
    'of %s that would fill the memory is refused before it does',
    (compressor) => {
      const bytes = Uint8Array.from(Buffer.from(bombs[compressor], 'base64'))
      const before = process.memoryUsage().rss
      expect(() => decompress(bytes)).toThrow(RangeError)
      expect(process.memoryUsage().rss - before).toBeLessThan(4 * MAX_DECOMPRESSED)
    },
  )

  test('of zlib and gzip that would fill the memory is refused before it does', () => {
    const zeros = new Uint8Array(MAX_DECOMPRESSED + 1)
    for (const bytes of [deflateSync(zeros), gzipSync(zeros)])
      expect(() => decompress(bytes)).toThrow(RangeError)
  })

  test('of zstd that asks for a window of gigabytes is refused', () => {
    const bytes = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0x01, 0x00, 0x00])
    expect(() => decompress(bytes)).toThrow(RangeError)
  })

  test.each(['zlib', 'gzip', 'lz4', 'zstd', 'lzma'] as const)(
    'of %s is read back, and short ones stay as they are',
    (compressor) => {
      const long = new Uint8Array(5000).fill(7)
      const short = new Uint8Array(compressor === 'lzma' ? 100 : 15).fill(7)
      expect(decompress(compress(long, compressor))).toEqual(expect.objectContaining({ length: 5000 }))
      expect(compress(short, compressor)).toBe(short)
    },
  )
})
