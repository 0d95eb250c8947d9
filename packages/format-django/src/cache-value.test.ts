import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readCacheValue, writeCacheValue } from './cache-value.ts'
import { djangoFormat } from './django-format.ts'
import type { DjangoCompressor, DjangoSerializer } from './settings.ts'
import { canonical, tagged } from './testing/tagged.ts'

interface Fixture {
  name: string
  serializer: DjangoSerializer
  compressor: DjangoCompressor | 'none'
  expect: 'ok' | 'refuse' | 'opaque' | 'either'
  value_base64: string
  json?: unknown
}

/** Values as a real Django left them in Redis, beside handmade, broken and hostile ones. */
const fixtures: Fixture[] = readFileSync(new URL('../fixtures/values.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

const bytesOf = ({ value_base64 }: Fixture) => Uint8Array.from(Buffer.from(value_base64, 'base64'))

describe.each(['pickle', 'json', 'msgpack'] as const)('a value that Django cached as %s', (serializer) => {
  const own = fixtures.filter((fixture) => fixture.serializer === serializer)
  const readable = own.filter((fixture) => fixture.expect === 'ok')
  const refused = own.filter((fixture) => fixture.expect === 'refuse')

  test.each(readable.map((fixture) => [fixture.name, fixture] as const))('is read: %s', (_, fixture) => {
    expect(tagged(readCacheValue(bytesOf(fixture), { serializer }))).toEqual(canonical(fixture.json))
  })

  test.each(readable.map((fixture) => [fixture.name, fixture] as const))(
    'is written so that it is read as the same: %s',
    (_, fixture) => {
      const settings = {
        serializer,
        ...(fixture.compressor !== 'none' && { compressor: fixture.compressor }),
      }
      const value = readCacheValue(bytesOf(fixture), settings)
      const again = readCacheValue(writeCacheValue(value, settings), settings)
      expect(tagged(again)).toEqual(canonical(fixture.json))
    },
  )

  test.runIf(refused.length > 0).each(refused.map((fixture) => [fixture.name, fixture] as const))(
    'is refused by a typed error where it is broken or hostile: %s',
    (_, fixture) => {
      expect(() => readCacheValue(bytesOf(fixture), { serializer })).toThrow(
        expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }),
      )
      const format = djangoFormat({ serializer })
      const load = () => {
        const decoded = format.decode(bytesOf(fixture), 'key')
        return decoded === 'ended' ? decoded : format.deserialize(decoded.serialized)
      }
      expect(load).toThrow(expect.objectContaining({ code: 'SESSION_VALUE_INVALID' }))
    },
  )
})
