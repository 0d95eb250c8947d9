import { describe, expect, test } from 'vitest'
import { readCacheValue, writeCacheValue } from './cache-value.ts'
import { djangoFormat } from './django-format.ts'
import { describeJson, describeValue } from './testing/described.ts'
import { type DjangoValue, djangoPickles, djangoValues, pickleOf } from './testing/fixtures.ts'

const fixtures: DjangoValue[] = [
  ...djangoValues,
  ...djangoPickles.map((fixture) => ({ ...fixture, serializer: 'pickle', compressor: 'none' }) as const),
]

describe.each(['pickle', 'json', 'msgpack'] as const)('a value that Django cached as %s', (serializer) => {
  const own = fixtures.filter((fixture) => fixture.serializer === serializer)
  const readable = own.filter((fixture) => fixture.expect === 'ok')
  const refused = own.filter((fixture) => fixture.expect === 'refuse')

  test.each(readable.map((fixture) => [fixture.name, fixture] as const))('is read: %s', (_, fixture) => {
    expect(describeValue(readCacheValue(pickleOf(fixture), { serializer }))).toEqual(
      describeJson(fixture.json),
    )
  })

  test.each(readable.map((fixture) => [fixture.name, fixture] as const))(
    'is written so that it is read as the same: %s',
    (_, fixture) => {
      const settings = {
        serializer,
        ...(fixture.compressor !== 'none' && { compressor: fixture.compressor }),
      }
      const value = readCacheValue(pickleOf(fixture), settings)
      const again = readCacheValue(writeCacheValue(value, settings), settings)
      expect(describeValue(again)).toEqual(describeJson(fixture.json))
    },
  )

  test.runIf(refused.length > 0).each(refused.map((fixture) => [fixture.name, fixture] as const))(
    'is refused by a typed error where it is broken or hostile: %s',
    (_, fixture) => {
      expect(() => readCacheValue(pickleOf(fixture), { serializer })).toThrow(
        expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }),
      )
      const format = djangoFormat({ serializer })
      const load = () => {
        const decoded = format.decode(pickleOf(fixture), 'key')
        return decoded === 'ended' ? decoded : format.deserialize(decoded.serialized)
      }
      expect(load).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
    },
  )
})
