import { session } from './express-session.ts'

export default session

export const Cookie = session.Cookie
export type Cookie = session.Cookie
export const MemoryStore = session.MemoryStore
export type MemoryStore = session.MemoryStore
export const Session = session.Session
export type Session = session.Session
export const Store = session.Store
export type Store = session.Store

export type CookieOptions = session.CookieOptions
export type SessionData = session.SessionData
export type SessionOptions = session.SessionOptions
export type TegataOptions = session.TegataOptions
