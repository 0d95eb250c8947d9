import { expect, test } from 'vitest'
import {
  connectRedisFormat,
  fastifySessionFormat,
  fastifyTransport,
  koaSessionFormat,
  koaTransport,
} from './index.ts'

const formats = { connectRedisFormat, fastifySessionFormat, koaSessionFormat }

test.each(Object.entries(formats))(
  '%s() refuses options that are unknown or impossible, by name',
  (_, make) => {
    for (const options of [{ prefix: 7 }, { isId: /^x/ }, { identityKeys: 'user' }, { Prefix: 'sess:' }]) {
      const [name] = Object.keys(options)
      expect(() => make(options as never)).toThrow(`\`${name}\``)
    }
    expect(() => make({ prefix: undefined, isId: undefined } as never)).not.toThrow()
  },
)

test('koaSessionFormat() refuses a keyPrefix that is no text', () => {
  expect(() => koaSessionFormat({ keyPrefix: 7 as never })).toThrow('`keyPrefix`')
})

test.each([koaTransport, fastifyTransport])('%o refuses an algorithm that its library has not', (make) => {
  const cookie = { name: 'sid', path: '/', secrets: ['secret'] } as never
  expect(() => make(cookie, { algorithm: 'md5' as never })).toThrow('`algorithm`')
})
