import { type Session, sameInConstantTime } from '@tegata/core'

/** Where a site with `CSRF_USE_SESSIONS = True` keeps its secret. */
const KEY = '_csrftoken'
const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const SECRET_LENGTH = 32
/** Bytes from here on would make the first characters likelier than the others. */
const FAIR = 256 - (256 % ALPHABET.length)

type Data = Record<string, unknown>

/**
 * What a form of the site has to send as `csrfmiddlewaretoken`: the session's secret, made where there is none, under a mask of
 * its own each time. For sites with `CSRF_USE_SESSIONS = True`; others keep the secret in the cookie `csrftoken`.
 */
export function djangoCsrfToken(session: Session<object>): string {
  const data = session.data as Data
  const secret = secretOf(data) ?? randomText()
  if (secretOf(data) === undefined) data[KEY] = masked(secret)
  return masked(secret)
}

/** Whether a form or a header brought the session's token, masked or not. Takes as long for a wrong one. */
export function verifyDjangoCsrf(session: Session<object>, token: unknown): boolean {
  const secret = secretOf(session.data as Data)
  const given = typeof token === 'string' ? unmask(token) : undefined
  return secret !== undefined && given !== undefined && sameInConstantTime(secret, given)
}

/** At a login: what somebody planted before it is worth nothing afterwards. */
export function rotateCsrf(data: Data): void {
  if (data[KEY] !== undefined) data[KEY] = masked(randomText())
}

/** Django before 4.0 keeps a masked one, and reads no other; newer versions keep it bare, and read both. */
function secretOf(data: Data): string | undefined {
  const stored = data[KEY]
  return typeof stored === 'string' ? unmask(stored) : undefined
}

function masked(secret: string): string {
  const mask = randomText()
  return mask + shift(secret, mask, 1)
}

function unmask(token: string): string | undefined {
  if (!/^[A-Za-z0-9]*$/.test(token)) return undefined
  if (token.length === SECRET_LENGTH) return token
  if (token.length !== 2 * SECRET_LENGTH) return undefined
  return shift(token.slice(SECRET_LENGTH), token.slice(0, SECRET_LENGTH), -1)
}

/** Each character moved on, or back, by the one of the mask. */
function shift(text: string, mask: string, direction: 1 | -1): string {
  return Array.from(text, (character, i) => {
    const at = ALPHABET.indexOf(character) + direction * ALPHABET.indexOf(mask.charAt(i))
    return ALPHABET.charAt((at + ALPHABET.length) % ALPHABET.length)
  }).join('')
}

function randomText(): string {
  let text = ''
  while (text.length < SECRET_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(SECRET_LENGTH))) {
      if (byte < FAIR && text.length < SECRET_LENGTH) text += ALPHABET[byte % ALPHABET.length]
    }
  }
  return text
}
