import type { SessionFormat } from '@tegata/core'
import { type CookieFormatOptions, cookieFormat } from './cookie-format.ts'

/**
 * Sessions as express-session and connect-redis store them: `sess:<id>` → JSON with a member `cookie`. Their `touch` moves the
 * key's deadline alone, so that a date in the value that has passed says nothing.
 */
export const connectRedisFormat = (options: CookieFormatOptions = {}): SessionFormat =>
  cookieFormat('connect-redis', 'slides', options)
