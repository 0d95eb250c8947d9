import type { SessionFormat } from '@tegata/core'
import { type CookieFormatOptions, cookieFormat } from './cookie-format.ts'

/**
 * Sessions as @fastify/session stores them through connect-redis: as those of express-session, but a session is over when
 * its cookie says so, and a fixed date is kept.
 */
export const fastifySessionFormat = ({ cookie, ...options }: CookieFormatOptions = {}): SessionFormat =>
  cookieFormat('fastify-session', 'kept', { ...options, cookie: { secure: true, ...cookie } })
