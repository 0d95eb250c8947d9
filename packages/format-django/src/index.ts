export { readCacheValue, writeCacheValue } from './cache-value.ts'
export {
  type DjangoLogin,
  type DjangoUser,
  djangoAuthHash,
  djangoLogin,
  djangoLogout,
  djangoUser,
  verifyDjangoAuth,
} from './django-auth.ts'
export { djangoCsrfToken, verifyDjangoCsrf } from './django-csrf.ts'
export { type DjangoFormatOptions, djangoFormat } from './django-format.ts'
export {
  addDjangoMessage,
  type DjangoMessage,
  djangoMessages,
  messageLevels,
  takeDjangoMessages,
} from './django-messages.ts'
export {
  type DjangoSessions,
  type DjangoSessionsOptions,
  type DjangoSessionsSource,
  djangoSessions,
} from './django-sessions.ts'
export { djangoTransport } from './django-transport.ts'
export type { DjangoCompressor, DjangoSerializer, DjangoSettings } from './settings.ts'
export { readDatabaseValue, readSignedCookie, type SignedValueOptions } from './signed-value.ts'
