import type { Context } from 'koa'

/** What both servers are set up with, by koa-session's names. */
export interface Options {
  maxAge?: number | 'session'
  rolling?: boolean
  renew?: boolean
  autoCommit?: boolean
  externalKey?: boolean
  /** `beforeSave` adds a value. */
  stamps?: boolean
  /** `valid` refuses sessions whose `a` is 0. */
  refuses?: boolean
}

export type Operation =
  | { type: 'look' | 'clear' | 'save' | 'regenerate' | 'manuallyCommit' | 'push' | 'reorder' | 'throw' }
  | { type: 'set' | 'delete' | 'private'; key: string; value?: unknown }
  | { type: 'assign'; data: Record<string, unknown> }
  | { type: 'maxAge'; value: number | 'session' }

export interface Step {
  /** Milliseconds since the request before. */
  after: number
  brings: 'everything' | 'nothing' | 'older' | 'forged'
  operations: Operation[]
}

interface ViewOfBoth extends Record<string, unknown> {
  isNew: boolean
  length: number
  populated: boolean
  maxAge: unknown
  save(): Promise<void>
  regenerate(): Promise<void>
  manuallyCommit(): Promise<void>
  toJSON(): Record<string, unknown>
}

/** Runs a handler's operations, noting what it sees. */
export async function perform(
  ctx: Context & { session: ViewOfBoth | null },
  operations: readonly Operation[],
  seen: unknown[],
): Promise<void> {
  for (const operation of operations) {
    const { session } = ctx
    if (operation.type === 'clear') ctx.session = null
    else if (operation.type === 'assign') ctx.session = structuredClone(operation.data) as ViewOfBoth
    else if (operation.type === 'throw') ctx.throw(418, 'teapot')
    else if (session === null) seen.push(null)
    else await performOn(session, operation, seen)
  }
}

async function performOn(session: ViewOfBoth, operation: Operation, seen: unknown[]): Promise<void> {
  switch (operation.type) {
    case 'look':
      seen.push(sorted(session.toJSON()), session.isNew, session.length, session.populated)
      break
    case 'set':
    case 'private':
      session[operation.key] = structuredClone(operation.value)
      seen.push(session[operation.key])
      break
    case 'delete':
      delete session[operation.key]
      break
    case 'push':
      session.list = [...((session.list as number[]) ?? []), 1]
      ;(session.list as number[]).push(2)
      break
    case 'reorder': {
      const { a } = session
      delete session.a
      if (a !== undefined) session.a = a
      break
    }
    case 'maxAge':
      session.maxAge = operation.value
      seen.push(session.maxAge)
      break
    case 'save':
    case 'regenerate':
    case 'manuallyCommit':
      await session[operation.type]()
      break
  }
}

const sorted = (data: object) => Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))

/** No lifetime is a sum of waits: on its very last millisecond koa-session's sessions live and ours do not. */
const OPTIONS: Options[] = [
  { maxAge: 60_000 },
  {},
  { maxAge: 60_000, rolling: true },
  { maxAge: 60_000, renew: true },
  { maxAge: 60_000, autoCommit: false },
  { maxAge: 'session' },
  { maxAge: 60_000, stamps: true },
  { maxAge: 60_000, refuses: true },
  { maxAge: 60_000, externalKey: true },
  { maxAge: 60_000, rolling: true, stamps: true, autoCommit: false },
  { maxAge: 60_000, rolling: true, externalKey: true },
  { maxAge: 60_000, renew: true, refuses: true },
]

/** The same sequence for the same number, whatever the machine. */
export function generate(number: number): { options: Options; steps: Step[] } {
  const random = mulberry32(number)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const key = () => pick(['a', 'b', 'c'])
  const value = () => pick<unknown>([0, 1, 'text', '', null, true, [1, 2], { deep: { n: 1 } }])
  const operation = (): Operation =>
    pick<() => Operation>([
      ...Array<() => Operation>(8).fill(() => ({ type: 'set', key: key(), value: value() })),
      ...Array<() => Operation>(3).fill(() => ({ type: 'delete', key: key() })),
      ...Array<() => Operation>(6).fill(() => ({ type: 'look' })),
      () => ({ type: 'push' }),
      () => ({ type: 'reorder' }),
      () => ({ type: 'private', key: '_own', value: 1 }),
      () => ({ type: 'assign', data: pick<Record<string, unknown>>([{}, { a: 1 }, { b: [1], c: 2 }]) }),
      () => ({ type: 'clear' }),
      () => ({ type: 'maxAge', value: pick([30_000, 120_000, 'session' as const]) }),
      () => ({ type: 'save' }),
      () => ({ type: 'regenerate' }),
      () => ({ type: 'manuallyCommit' }),
      ...Array<() => Operation>(2).fill(() => ({ type: random() < 0.3 ? 'throw' : 'look' })),
    ])()
  const steps = Array.from(
    { length: 6 },
    (): Step => ({
      after: pick([0, 1013, 1013, 10_017, 35_029, 75_037]),
      brings: pick([
        'everything',
        'everything',
        'everything',
        'everything',
        'everything',
        'everything',
        'nothing',
        'older',
        'forged',
      ]),
      operations: Array.from({ length: Math.floor(random() * 5) }, operation),
    }),
  )
  return { options: pick(OPTIONS), steps }
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
