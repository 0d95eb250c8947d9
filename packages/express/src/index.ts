export type { RequestCookie } from './request-cookie.ts'
export type { RequestSession, RequestSessionMethods } from './request-session.ts'
export {
  destroySession,
  getSession,
  type SessionMiddleware,
  type SessionMiddlewareOptions,
  session,
} from './session.ts'
