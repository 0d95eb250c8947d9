import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { type Session, sameInConstantTime, utf8 } from '@tegata/core'
import { rotateCsrf } from './django-csrf.ts'

/** Who is logged in, as `django.contrib.auth` keeps it in the session. */
export interface DjangoUser {
  /** The primary key, as text. */
  id: string
  /** Dotted path of the backend that vouched for the user. */
  backend: string | undefined
  /** What ties the session to the user's password and the site's `SECRET_KEY`. */
  hash: string | undefined
}

export interface DjangoLogin {
  /** The user's primary key. */
  id: string | number | bigint
  /** The user's `password` column, whole: `'pbkdf2_sha256$…'`. */
  password: string
  /** The site's `SECRET_KEY`. */
  secret: string
  /** One of the site's `AUTHENTICATION_BACKENDS`. @default 'django.contrib.auth.backends.ModelBackend' */
  backend?: string
  /** A name for people, shown in lists of sessions. */
  label?: string
  /** For user models with a `get_session_auth_hash` of their own. @default djangoAuthHash */
  hash?: (password: string, secret: string) => string
}

type DjangoSession = Session<object>
type Data = Record<string, unknown>

const MODEL_BACKEND = 'django.contrib.auth.backends.ModelBackend'
const KEY_SALT = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash'

/** `_auth_user_hash` as Django 3.1 and newer compute it: 64 hexadecimal digits. Throws a `TypeError` for an empty secret, as Django does. */
export function djangoAuthHash(password: string, secret: string): string {
  if (!secret) throw new TypeError('The secret is empty: is SECRET_KEY set?')
  return bytesToHex(hmac(sha256, sha256(utf8(KEY_SALT + secret)), utf8(password)))
}

/**
 * Who the session says is logged in; `undefined` for nobody. That alone proves nothing after a change of password:
 * `verifyDjangoAuth` does.
 */
export function djangoUser(session: DjangoSession): DjangoUser | undefined {
  const { _auth_user_id: id, _auth_user_backend: backend, _auth_user_hash: hash } = session.data as Data
  if (id === undefined || id === null || id === '') return undefined
  return {
    id: String(id),
    backend: typeof backend === 'string' ? backend : undefined,
    hash: typeof hash === 'string' ? hash : undefined,
  }
}

/**
 * Whether the login still holds: the user's `password` column is the one of the login. `secrets` are `SECRET_KEY` and then
 * `SECRET_KEY_FALLBACKS`; where one of these matches, the session gets a new id and the hash of the first, as Django does, if its id
 * can change.
 * Takes as long whichever matches. Django flushes a session that does not hold; this leaves that to the caller
 * (`djangoLogout`), as a mistaken secret would log everybody out.
 */
export async function verifyDjangoAuth(
  session: DjangoSession,
  password: string,
  secrets: string | readonly string[],
  hash: (password: string, secret: string) => string = djangoAuthHash,
): Promise<boolean> {
  const known = djangoUser(session)?.hash
  if (known === undefined) return false
  const [current, ...fallbacks] = [secrets]
    .flat()
    .filter((secret, i) => i === 0 || secret !== '')
    .map((secret) => hash(password, secret))
  if (current === undefined) throw new TypeError('verifyDjangoAuth() takes at least one secret.')
  const isCurrent = sameInConstantTime(known, current)
  const isFallback = fallbacks.map((other) => sameInConstantTime(known, other)).includes(true)
  if (!isCurrent && isFallback && session.canRotate) {
    await session.rotate()
    const data = session.data as Data
    data._auth_user_hash = current
  }
  return isCurrent || isFallback
}

/**
 * Logs a user in for both: Django sees the user at the next request. As `session.authenticate`, this always changes the id,
 * and leaves nothing of another user's session. Check the password first.
 */
export async function djangoLogin(session: DjangoSession, login: DjangoLogin): Promise<void> {
  const { id, password, secret, backend = MODEL_BACKEND, label, hash = djangoAuthHash } = login
  const proof = hash(password, secret)
  await session.authenticate(String(id), label === undefined ? {} : { label })
  const data = session.data as Data
  data._auth_user_id = String(id)
  data._auth_user_backend = backend
  data._auth_user_hash = proof
  rotateCsrf(data)
}

/** Ends the session, as Django's `logout` does. Resolves to whether there was one to end. */
export const djangoLogout = (session: DjangoSession): Promise<boolean> => session.destroy()
