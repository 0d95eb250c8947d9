import { memoryStore } from '@tegata/store-memory'
import { expect, test } from 'vitest'
import { djangoSessions } from './index.ts'

test('djangoSessions() asks for one source of sessions where nothing is given', () => {
  for (const none of [undefined, {}]) {
    expect(() => djangoSessions(none as never)).toThrow(
      'takes one of the options `url`, `client` and `store`',
    )
  }
})

test('djangoSessions() refuses settings that are no object', () => {
  for (const settings of ['shop', null]) {
    expect(() => djangoSessions({ store: memoryStore(), settings: settings as never })).toThrow(
      'The settings of Django must be an object.',
    )
  }
})
