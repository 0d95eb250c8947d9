import type { CookieAttributes, SessionCookie } from './cookie.ts'
import { LoadedData } from './loaded-data.ts'
import type { SessionObject } from './types.ts'

/** A session as it was at some point. */
export interface Version {
  id: string
  data: LoadedData
  /** What its cookie said then, where that matters. */
  cookie?: CookieAttributes
  /** Its date was not yet that of its `originalMaxAge`. */
  isUndated?: boolean
  /** Epoch ms of that. */
  at?: number
}

/** As it is now, in a request that began with `original`, whose cookie does not name a session that is new. */
export function versionOf(session: SessionObject, original: Version | undefined, isNew: boolean): Version {
  const { id, cookie } = session
  const version: Version = { id, data: LoadedData.of(session, original?.data) }
  if (isNew || id !== original?.id) {
    version.cookie = cookie.data ?? { ...cookie }
    version.isUndated = !isDated(cookie)
    version.at = Date.now()
  }
  return version
}

export const isOther = (version: Version | undefined, session: SessionObject): boolean =>
  version === undefined || version.id !== session.id || !version.data.isIn(session)

/** Whether its date is that of its `originalMaxAge`, and not of one that it had before. */
const isDated = ({ maxAge, originalMaxAge }: SessionCookie): boolean =>
  maxAge === originalMaxAge || Math.abs(Number(maxAge) - Number(originalMaxAge)) < 1000
