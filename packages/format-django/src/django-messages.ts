import type { Session } from '@tegata/core'

const KEY = '_messages'
/** Marks an encoded message among the lists and dicts that a site may put beside them. */
const MARK = '__json_message'

/** The levels of `django.contrib.messages`. */
export const messageLevels = { debug: 10, info: 20, success: 25, warning: 30, error: 40 } as const

/** A one-time notice of `django.contrib.messages`, where `MESSAGE_STORAGE` is the session's. */
export interface DjangoMessage {
  /** @default 20, info */
  level?: number
  message: string
  /** CSS classes. */
  extraTags?: string | undefined
  /** The text is HTML that templates do not escape. @default false */
  isSafe?: boolean
}

type Data = Record<string, unknown>

/** The messages that wait to be shown. They stay: `takeDjangoMessages` is for showing them. */
export function djangoMessages(session: Session<object>): Required<DjangoMessage>[] {
  return stored(session.data as Data).flatMap(decode)
}

/** The messages that wait to be shown, which nobody else shows then. */
export function takeDjangoMessages(session: Session<object>): Required<DjangoMessage>[] {
  const messages = djangoMessages(session)
  const data = session.data as Data
  delete data[KEY]
  return messages
}

/** Adds a message, for whichever side shows messages next. Throws a `TypeError` for one without a text. */
export function addDjangoMessage(session: Session<object>, added: DjangoMessage): void {
  const { level = messageLevels.info, message, extraTags, isSafe = false } = added
  if (typeof message !== 'string')
    throw new TypeError('addDjangoMessage() takes the text as `message`: { message: … }.')
  const data = session.data as Data
  const encoded = [MARK, isSafe ? 1 : 0, level, message, ...(extraTags === undefined ? [] : [extraTags])]
  data[KEY] = JSON.stringify([...stored(data), encoded])
}

/** Text of JSON; `[]` for what cannot be read, as in Django. */
function stored(data: Data): unknown[] {
  const text = data[KEY]
  try {
    const messages: unknown = typeof text === 'string' ? JSON.parse(text) : []
    return Array.isArray(messages) ? messages : []
  } catch {
    return []
  }
}

/** 3.2 leaves out empty tags, newer versions write them. */
function decode(encoded: unknown): Required<DjangoMessage>[] {
  if (!Array.isArray(encoded) || encoded[0] !== MARK) return []
  const [, isSafe, level, message, extraTags] = encoded
  if (typeof level !== 'number') return []
  return [{ level, message: String(message), extraTags: extraTags || undefined, isSafe: Boolean(isSafe) }]
}
