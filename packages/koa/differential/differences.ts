import { isDeepStrictEqual } from 'node:util'
import type { Operation, Options, Step } from './operations.ts'
import type { Observed } from './world.ts'

interface Compared {
  options: Options
  step: Step
  /** What handlers did in this sequence, this step included. */
  history: readonly Operation[]
  theirs: Observed
  ours: Observed
}

interface Difference {
  fields: readonly (keyof Observed)[]
  /** Whether this difference is what is seen here. */
  applies(compared: Compared): boolean
  /** Both servers are in the same state after it. */
  isHarmless?: true
}

const has = ({ step }: Compared, type: string) => step.operations.some((one) => one.type === type)
const isSavedInBetween = (compared: Compared) =>
  ['save', 'regenerate', 'manuallyCommit'].some((type) => has(compared, type))
const dataOf = ({ stored }: Observed) => stored.map((one) => one.replace(/ \d+$/, '')).sort()
const minus = (some: readonly string[], others: readonly string[]) =>
  some.filter((one) => !others.includes(one))
const isEmpty = (cookies: object) => Object.keys(cookies).length === 0
const endsWith = (cookies: Record<string, string>, text: string) =>
  !isEmpty(cookies) && Object.values(cookies).every((one) => one.endsWith(text))

/** Every difference to koa-session there may be, by the title that `docs/koa.md` gives it. */
export const differences: Record<string, Difference> = {
  'SameSite is always said': {
    fields: ['attributes'],
    isHarmless: true,
    applies: ({ theirs, ours }) =>
      isEmpty(ours.cookies) ||
      isDeepStrictEqual(
        ours.attributes.filter((one) => one !== 'samesite=lax'),
        isEmpty(theirs.cookies) ? ours.attributes.filter((one) => one !== 'samesite=lax') : theirs.attributes,
      ),
  },
  'Caches are told': {
    fields: ['headers'],
    isHarmless: true,
    applies: ({ theirs, ours }) =>
      theirs.headers.length === 0 && (isEmpty(ours.cookies) || ours.headers.includes('cache-control')),
  },
  'An error keeps the session': {
    fields: ['cookies', 'key'],
    applies: ({ theirs, ours }) =>
      theirs.status === 418 && isEmpty(theirs.cookies) && theirs.key === 'none' && ours.status === 418,
  },
  'A logout without a session does nothing': {
    fields: ['cookies'],
    isHarmless: true,
    applies: (compared) =>
      has(compared, 'clear') &&
      Object.values(compared.theirs.cookies).every((one) => one === 'clear') &&
      isEmpty(compared.ours.cookies),
  },
  'A session that just ended starts no other': {
    fields: ['status', 'body', 'cookies', 'key', 'seen', 'stored'],
    applies: ({ options, step, history, theirs, ours }) =>
      (step.brings === 'older' ||
        options.externalKey === true ||
        history.some(({ type }) => type === 'clear')) &&
      (ours.stored.length < theirs.stored.length || ours.status === 409) &&
      isEmpty(ours.cookies) &&
      ours.key !== 'new',
  },
  'A logout needs no commit': {
    fields: ['cookies', 'key', 'stored'],
    applies: (compared) => compared.options.autoCommit === false && has(compared, 'clear'),
  },
  'A session that is emptied by its own request is stored empty': {
    fields: ['stored'],
    applies: (compared) =>
      isSavedInBetween(compared) &&
      isDeepStrictEqual(compared.theirs.cookies, compared.ours.cookies) &&
      compared.theirs.stored.length === compared.ours.stored.length &&
      minus(compared.ours.stored, compared.theirs.stored).every((one) => one.startsWith('[] ')),
  },
  "`maxAge: 'session'` lasts": {
    fields: ['cookies', 'stored'],
    applies: ({ options, history, theirs, ours }) =>
      history.some(
        (one) => one.type === 'save' || one.type === 'regenerate' || one.type === 'manuallyCommit',
      ) &&
      (options.maxAge === 'session' ||
        history.some((one) => one.type === 'maxAge' && one.value === 'session')) &&
      (isEmpty(ours.cookies) || endsWith(ours.cookies, 'browser')) &&
      isDeepStrictEqual(dataOf(theirs), dataOf(ours)),
  },
  '`externalKey` leaves cookies alone, and is told of the end': {
    fields: ['cookies', 'key'],
    isHarmless: true,
    applies: (compared) => {
      const { options, theirs, ours } = compared
      const isAlone = isEmpty(ours.cookies) && endsWith(theirs.cookies, 'clear')
      return options.externalKey === true && isAlone && (ours.key === theirs.key || has(compared, 'clear'))
    },
  },
  'Another order of keys is no change': {
    fields: ['cookies', 'stored', 'key'],
    applies: (compared) =>
      has(compared, 'reorder') &&
      isEmpty(compared.ours.cookies) &&
      isDeepStrictEqual(dataOf(compared.theirs), dataOf(compared.ours)),
  },
  'With `autoCommit: false` the cookie follows `maxAge` at once': {
    fields: ['cookies'],
    isHarmless: true,
    applies: (compared) =>
      compared.options.autoCommit === false && has(compared, 'maxAge') && isSavedInBetween(compared),
  },
  'An object after a logout starts a new session': {
    fields: ['cookies', 'key', 'seen', 'stored'],
    applies: (compared) =>
      has(compared, 'clear') &&
      has(compared, 'assign') &&
      isDeepStrictEqual(dataOf(compared.theirs), dataOf(compared.ours)),
  },
  'A forged cookie is left alone': {
    fields: ['cookies'],
    isHarmless: true,
    applies: ({ step, theirs, ours }) =>
      step.brings === 'forged' &&
      isDeepStrictEqual({ ...theirs.cookies, 'koa.sess.sig': 0 }, { ...ours.cookies, 'koa.sess.sig': 0 }),
  },
  'The first cookie has a date': {
    fields: ['cookies'],
    isHarmless: true,
    applies: ({ options, theirs, ours }) =>
      options.maxAge === undefined &&
      endsWith(theirs.cookies, 'browser') &&
      !endsWith(ours.cookies, 'browser'),
  },
  'A cookie without a date is sent once': {
    fields: ['cookies'],
    isHarmless: true,
    applies: ({ theirs, ours }) =>
      endsWith(theirs.cookies, ' browser') &&
      isEmpty(ours.cookies) &&
      isDeepStrictEqual(theirs.stored, ours.stored),
  },
  '`persistent: false` dates no cookie': {
    fields: ['cookies'],
    isHarmless: true,
    applies: ({ options, ours, theirs }) =>
      options.maxAge === 'session' &&
      !endsWith(theirs.cookies, 'browser') &&
      (endsWith(ours.cookies, 'browser') || isEmpty(ours.cookies)),
  },
}

/** The titles of what differs, each field with all that may explain it; `unexplained` for what nothing does. */
export function compare(compared: Compared): { titles: string[]; isStill: boolean; unexplained: string[] } {
  const { theirs, ours } = compared
  const fields = (Object.keys(theirs) as (keyof Observed)[]).filter(
    (field) => !isDeepStrictEqual(theirs[field], ours[field]),
  )
  const found = fields.map((field) => {
    const title = Object.keys(differences).find(
      (one) => differences[one]?.fields.includes(field) && differences[one]?.applies(compared),
    )
    return { field, title }
  })
  const titles = found.flatMap(({ title }) => title ?? [])
  return {
    titles,
    isStill: titles.every((title) => differences[title]?.isHarmless),
    unexplained: found.filter(({ title }) => title === undefined).map(({ field }) => field),
  }
}
