import type { EndMark, Expected, LeadingIdle, SlideFields, StoredValue } from '@tegata/core'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What a read or a conflict holds, as text; anything else as it is. */
export const textOf = (answer: unknown): unknown =>
  answer !== null && typeof answer === 'object' && 'value' in answer
    ? new TextDecoder().decode((answer as StoredValue).value)
    : answer

export const whole = (text: string): Expected => ({ whole: bytes(text) })
export const stamp = (text: string): Expected => ({ stamp: bytes(text) })

export const markUntil = (expiresAt: number, text = 'ended:1'): EndMark => ({
  value: bytes(text),
  expiresAt,
  lead: bytes('ended:'),
})

/** Values whose first fields say how far a read may move the deadline: idle seconds, then the last deadline. */
export const fields: SlideFields = { idle: [0, 4], until: [4, 9] }

/** Values of others that begin with the milliseconds that they idle. */
export const leading: LeadingIdle = { lead: '{"a-[%d]":', otherwise: 60_000 }

export const sliding = (idleSeconds: number, until: number, rest = ''): Uint8Array =>
  bytes(idleSeconds.toString(36).padStart(4, '0') + until.toString(36).padStart(9, '0') + rest)
