import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, type Factory, type Handler, request } from './testing.ts'

/** What a handler does to its session, and how it answers. */
type Operation =
  | 'read'
  | 'count'
  | 'set'
  | 'nested'
  | 'delete'
  | 'save'
  | 'reload'
  | 'touch'
  | 'regenerate'
  | 'destroy'
  | 'null'
  | 'unset'
  | 'maxAge'
  | 'expires'
  | 'browser'
  | 'httpOnly'
  | 'path'
  | 'other'

type Reply = 'end' | 'parts' | 'length' | 'head' | 'redirect' | 'empty' | 'slow' | 'error' | 'cookie'
type Sent = 'kept' | 'kept' | 'kept' | 'none' | 'tampered' | 'unsigned' | 'first'

export interface Step {
  operations: Operation[]
  reply: Reply
  sent: Sent
  path: string
  https: boolean
  /** Another request that comes and goes while this one's handler waits, after its first operation. */
  inner?: Step
  /** A method of the store that fails during this step. */
  failing?: 'set' | 'touch' | 'destroy' | 'get'
  /** The store loses all sessions before this step. */
  isLost: boolean
}

export interface Sequence {
  options: Record<string, unknown>
  steps: Step[]
}

/** mulberry32: the same sequences at every run. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const OPERATIONS: Operation[] = [
  ...['read', 'count', 'count', 'set', 'nested', 'delete', 'save', 'reload', 'touch', 'regenerate'],
  ...['destroy', 'null', 'unset', 'maxAge', 'expires', 'browser', 'httpOnly', 'path', 'other'],
] as Operation[]
const REPLIES: Reply[] = [
  'end',
  'end',
  'parts',
  'length',
  'head',
  'redirect',
  'empty',
  'slow',
  'error',
  'cookie',
]
const SENT: Sent[] = ['kept', 'kept', 'kept', 'kept', 'kept', 'none', 'tampered', 'unsigned', 'first']

const COOKIES = [
  undefined,
  { maxAge: 60_000 },
  { maxAge: 60_000, httpOnly: false, sameSite: 'lax' },
  { maxAge: 600_000, path: '/app', priority: 'high' },
  { secure: 'auto', sameSite: 'auto', maxAge: 60_000 },
  { secure: true, maxAge: 60_000, partitioned: true },
  (req: { url: string }) => ({ maxAge: req.url.includes('long') ? 600_000 : 60_000 }),
]

export function createSequence(random: () => number): Sequence {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const chance = (probability: number) => random() < probability
  const step = (depth: number): Step => ({
    operations: Array.from({ length: Math.floor(random() * 4) }, () => pick(OPERATIONS)),
    reply: pick(REPLIES),
    sent: pick(SENT),
    path: pick(['/', '/app', '/app/page', '/long?x=1']),
    https: chance(0.4),
    isLost: chance(0.04),
    ...(depth === 0 && chance(0.35) && { inner: step(1) }),
    ...(depth === 0 && chance(0.08) && { failing: pick(['set', 'touch', 'destroy', 'get'] as const) }),
  })
  return {
    options: {
      secret: pick(['cat', ['cat'], ['cat', 'old cat']]),
      resave: pick([true, false, undefined]),
      saveUninitialized: pick([true, false, undefined]),
      rolling: pick([true, false, undefined]),
      unset: pick(['destroy', 'keep', undefined]),
      proxy: pick([true, true, false, undefined]),
      name: pick([undefined, 'sid']),
      cookie: pick(COOKIES),
    },
    steps: Array.from({ length: 3 + Math.floor(random() * 4) }, () => step(0)),
  }
}

/** All that can be seen of one request from outside, without what differs at each run. */
export interface Seen {
  status: number
  headers: Record<string, unknown>
  cookies: string[]
  body: string
  /** Sessions by id, as the store hands them out. */
  stored: Record<string, unknown>
  /** Errors that came to `next` after the response. */
  late: string[]
  /** What went on meanwhile; not compared. */
  during: { overlaps: boolean; failing: string | undefined }
}

interface StoreLike {
  get(id: string, done: (error: unknown, found?: unknown) => void): void
  destroy(id: string, done: () => void): void
  [method: string]: unknown
}

export interface Side {
  /** The middleware, and the store that it is given. */
  create: Factory
  store: () => object
}

/** Runs a sequence on a server of its own, one request after the other, and tells what was seen of each. */
export async function runSequence(sequence: Sequence, { create, store: createStore }: Side): Promise<Seen[]> {
  const ids: string[] = []
  const genid = () => {
    ids.push(`id-${ids.length}-of-this-sequence`)
    return ids.at(-1)
  }
  const store = createStore()
  const middleware = create({ ...sequence.options, genid, store }) as (
    req: unknown,
    res: unknown,
    next: (error?: unknown) => void,
  ) => void
  let sessionStore = ('get' in store ? store : undefined) as StoreLike | undefined
  let late: string[] = []
  let inner: (() => Promise<Seen>) | undefined
  let innerSeen: Seen | undefined

  const server = createServer(((req, res) => {
    const step: Step = JSON.parse(String(req.headers['x-step']))
    middleware(req, res, (error) => {
      sessionStore ??= (req as unknown as { sessionStore?: StoreLike }).sessionStore
      if (error && res.headersSent) return late.push(String((error as Error).message))
      if (error) {
        res.statusCode = 500
        res.end(`error: ${(error as Error).message}`)
        return
      }
      handle(step, req, res, async () => {
        const run = inner
        inner = undefined
        if (run) innerSeen = await run()
      }).catch((failure) => {
        if (res.headersSent) return late.push(String(failure.message))
        res.statusCode = 500
        res.end(`handler: ${failure.message}`)
      })
    })
  }) as RequestListener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const name = (sequence.options.name as string | undefined) ?? 'connect.sid'
  const jar: string[] = []
  const send = async (step: Step, overlaps: boolean, failing: string | undefined): Promise<Seen> => {
    late = []
    const headers = { 'x-step': JSON.stringify(step), ...(step.https && { 'x-forwarded-proto': 'https' }) }
    const answer = await request(port, step.path, cookieFor(step.sent, jar), { headers }).catch(cutOff)
    const cookie = answer.cookies.find((candidate) => candidate.startsWith(`${name}=`))?.split(';')[0]
    if (cookie && !cookie.endsWith('=')) jar.push(cookie)
    // What is told or written after the response comes soon.
    await new Promise((resolve) => setTimeout(resolve, failing ? 5 : 1))
    return { ...(await see(answer)), late: [...late], during: { overlaps, failing } }
  }
  const see = async (answer: Answer) => ({
    status: answer.status,
    headers: headersOf(answer),
    cookies: answer.cookies.map((cookie) => normalCookie(cookie, String(answer.headers.date))),
    body: normalText(answer.body),
    stored: await contents(sessionStore, ids),
  })

  const seen: Seen[] = []
  try {
    for (const step of sequence.steps) {
      if (step.isLost)
        for (const id of ids)
          await new Promise<void>((done) => (sessionStore ? sessionStore.destroy(id, done) : done()))
      const restore = step.failing && fail(store as StoreLike, step.failing)
      const { inner: other } = step
      if (other) inner = () => send(other, true, step.failing)
      innerSeen = undefined
      const outer = await send(step, other !== undefined, step.failing)
      inner = undefined
      restore?.()
      if (innerSeen) seen.push(innerSeen)
      seen.push(outer)
    }
  } finally {
    server.closeAllConnections()
    server.close()
  }
  return seen
}

/** A response that broke off. */
const cutOff = (error: Error): Answer => ({ status: 0, headers: {}, cookies: [], body: error.message })

function cookieFor(sent: Sent, jar: readonly string[]): string | undefined {
  const cookie = sent === 'first' ? jar[0] : jar.at(-1)
  if (!cookie || sent === 'none') return undefined
  if (sent === 'tampered') return cookie.replace(/id-\d+/, 'id-99')
  if (sent === 'unsigned') return cookie.replace('s%3A', '').replace(/\..*/, '')
  return cookie
}

function fail(store: StoreLike, method: string): () => void {
  const before = store[method]
  const fails = (...args: unknown[]) => {
    const done = args.at(-1)
    if (typeof done === 'function')
      setImmediate(done as (error: Error) => void, new Error('The store failed.'))
  }
  store[method] = fails
  return () => {
    store[method] = before
  }
}

async function handle(step: Step, req: unknown, res: unknown, pause: () => Promise<void>): Promise<void> {
  const { operations, reply } = step
  for (const [i, operation] of operations.entries()) {
    await perform(operation, req as never)
    if (i === 0) await pause()
  }
  await pause()
  answer(reply, req as never, res as never)
}

const call = (run: (done: (error?: unknown) => void) => unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    run((error) => (error ? reject(error) : resolve()))
  })

async function perform(operation: Operation, req: Parameters<Handler>[0]): Promise<void> {
  const { session } = req
  if (operation === 'null') req.session = null
  else if (operation === 'unset') delete req.session
  else if (!session) return
  else if (operation === 'count') session.count = (session.count ?? 0) + 1
  else if (operation === 'set') session.value = req.url
  else if (operation === 'other') session.other = { list: [1, { a: null }], text: 'a }"\\ ü' }
  else if (operation === 'nested') {
    session.nested ??= { cookie: 0 }
    session.nested.cookie++
  } else if (operation === 'delete') delete session.value
  else if (operation === 'maxAge') session.cookie.maxAge = 300_000
  else if (operation === 'expires') session.cookie.expires = new Date(Date.now() + 500_000)
  else if (operation === 'browser') session.cookie.expires = null
  else if (operation === 'httpOnly') session.cookie.httpOnly = false
  else if (operation === 'path') session.cookie.path = '/app'
  else if (operation === 'touch') session.touch()
  else if (operation !== 'read') await call((done) => session[operation](done))
}

function answer(reply: Reply, req: Parameters<Handler>[0], res: Parameters<Handler>[1]): void {
  const { session, sessionID } = req
  const body = JSON.stringify({ session, id: sessionID, keys: session && Object.keys(session) })
  if (reply === 'parts') {
    res.write('parts: ')
    res.end(body)
  } else if (reply === 'length') {
    res.setHeader('Content-Length', Buffer.byteLength(body))
    res.end(body)
  } else if (reply === 'head') {
    res.writeHead(201, { 'X-Answer': 'yes', 'Set-Cookie': ['a=1', 'b=2'] })
    res.end(body)
  } else if (reply === 'redirect') {
    res.writeHead(302, { Location: '/' })
    res.end()
  } else if (reply === 'empty') {
    res.statusCode = 204
    res.end()
  } else if (reply === 'slow') {
    res.write('slow: ')
    setTimeout(() => {
      if (req.session) req.session.late = true
      res.end(body)
    }, 2)
  } else if (reply === 'error') throw new Error('as asked')
  else {
    if (reply === 'cookie') res.setHeader('Set-Cookie', 'a=1; Path=/')
    res.end(body)
  }
}

const headersOf = ({ headers }: Answer): Record<string, unknown> => {
  const {
    date: _,
    'set-cookie': __,
    'content-length': length,
    'transfer-encoding': encoding,
    ...rest
  } = headers
  return { ...rest, framing: encoding ?? (length === undefined ? 'none' : 'length') }
}

/** Dates as what is left until then, to ten seconds. */
const left = (date: string, from: number): string => `in ${Math.round((Date.parse(date) - from) / 10_000)}0 s`

const normalCookie = (cookie: string, date: string): string =>
  cookie.replace(/Expires=([^;]+)/, (_, expires: string) =>
    expires.includes('1970') ? 'Expires=long ago' : `Expires=${left(expires, Date.parse(date))}`,
  )

const normalText = (text: string): string =>
  text
    .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, (date) => `"${left(date.slice(1, -1), Date.now())}"`)
    .replace(/"originalMaxAge":(\d+)/g, (_, ms) => `"originalMaxAge":${Math.round(Number(ms) / 1000)}s`)

async function contents(
  store: StoreLike | undefined,
  ids: readonly string[],
): Promise<Record<string, unknown>> {
  const stored: Record<string, unknown> = {}
  // Under the prototype's own method: the one on the object may be failing on purpose.
  const get = (store && Object.getPrototypeOf(store).get) ?? store?.get
  for (const id of ids) {
    const found = await new Promise((resolve) =>
      store ? get.call(store, id, (_: unknown, session: unknown) => resolve(session)) : resolve(undefined),
    )
    if (found) stored[id] = normalText(JSON.stringify(found))
  }
  return stored
}

/** Why the two sides differ, by what can be seen: `undefined` for no reason that is known. */
export function causeOf(a: Seen, b: Seen, name: string): { cause: string | undefined; field: string }[] {
  const { overlaps, failing } = a.during
  const differences: { cause: string | undefined; field: string }[] = []
  const fields = ['status', 'late', 'cookies', 'headers', 'body', 'stored'] as const
  for (const field of fields) {
    const [theirs, ours] = [JSON.stringify(a[field]), JSON.stringify(b[field])]
    if (theirs === ours) continue
    differences.push({ field, cause: cause(field) })
  }
  return differences

  function cause(field: (typeof fields)[number]): string | undefined {
    const withoutFraming = ({ headers }: Seen) => JSON.stringify({ ...headers, framing: '' })
    if (field === 'headers' && withoutFraming(a) === withoutFraming(b)) return 'in-one-piece'
    const cleared = b.cookies.filter((cookie) => cookie.startsWith(`${name}=;`))
    const others = b.cookies.filter((cookie) => !cleared.includes(cookie))
    if (field === 'cookies' && JSON.stringify(others) === JSON.stringify(a.cookies)) return 'cleared-cookie'
    if (failing === 'get' && field === 'stored') return 'failed-load'
    if (failing) return 'unsaved'
    if (!overlaps) return undefined
    const isRevived = Object.keys(a.stored).some((id) => !(id in b.stored))
    if (isRevived || (field === 'cookies' && others.length < a.cookies.length)) return 'no-resurrection'
    return 'no-lost-update'
  }
}
