import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findDjango } from '@tegata/test-servers'
import { describe, expect, test } from 'vitest'
import { djangoFormat } from './django-format.ts'
import type { DjangoCompressor } from './settings.ts'
import { type DjangoValue, djangoPickles, djangoValues, pickleOf } from './testing/fixtures.ts'

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
const script = fileURLToPath(new URL('testing/same_values.py', import.meta.url))

/** Those whose compressor is a Python module of Debian's. */
const COMPRESSORS = ['none', 'zlib', 'lz4', 'lzma']

const fixtures: DjangoValue[] = [
  ...djangoValues,
  ...djangoPickles.map((fixture) => ({ ...fixture, serializer: 'pickle', compressor: 'none' }) as const),
].filter((fixture) => fixture.expect === 'ok' && COMPRESSORS.includes(fixture.compressor))

const found = await findDjango()
if ('missing' in found) {
  if (process.env.CI) throw new Error(`No Django to test with: ${found.missing}`)
  console.warn(`Skipped: what Node writes, read by Python. No Django to test with: ${found.missing}`)
}

/** The fixture as Django left it, and as Node writes it back. `undefined` for what is no session. */
function rewrite({ name, serializer, compressor, value_base64 }: DjangoValue, isChanged: boolean) {
  const settings = {
    serializer,
    ...(compressor !== 'none' && { compressor: compressor as DjangoCompressor }),
  }
  const format = djangoFormat(settings)
  try {
    const decoded = format.decode(pickleOf({ value_base64 }), 'key')
    if (decoded === 'ended') return undefined
    // What a handler changed goes through the data, what it did not stays as it is.
    const data = format.deserialize(decoded.serialized)
    const serialized = isChanged ? format.serialize(data) : decoded.serialized
    const node = Buffer.from(format.encode(decoded.header, serialized, 'key', random)).toString('base64')
    return { name, serializer, compressor, django: value_base64, node }
  } catch {
    return undefined
  }
}

describe.skipIf('missing' in found)('django-redis', () => {
  test.each([
    ['the dict that it wrote', false],
    ['an equal dict, types and order included', true],
  ])('reads, of a session that Node has rewritten, %s', (_, isChanged) => {
    const rows = fixtures.map((fixture) => rewrite(fixture, isChanged)).filter((row) => row !== undefined)
    expect(rows.length).toBeGreaterThan(330)
    const { python, env } = found as Exclude<typeof found, { missing: string }>
    const { stdout, stderr, status } = spawnSync(python, [script], {
      input: rows.map((row) => JSON.stringify(row)).join('\n'),
      env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1' },
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect([status, stderr, stdout]).toEqual([0, '', ''])
  })
})
