import type { StandardSchemaV1 } from '@standard-schema/spec'
import { SessionDataError, SessionValueError } from './errors.ts'
import type { SessionData } from './format.ts'

type Checked = { data: SessionData } | { issues: readonly StandardSchemaV1.Issue[] }

/** Stored data as the schema takes it, defaults and conversions included. Throws a `SessionValueError`. */
export async function readBySchema(schema: StandardSchemaV1, stored: SessionData): Promise<SessionData> {
  const checked = await check(schema, stored)
  if ('data' in checked) return checked.data
  throw new SessionValueError('The stored session does not fit the schema.', { cause: checked.issues })
}

/** What a load would make of it. Throws a `SessionDataError` for data that could not be loaded again. */
export async function assertReadable(schema: StandardSchemaV1, stored: SessionData): Promise<SessionData> {
  const checked = await check(schema, stored)
  if ('data' in checked) return checked.data
  const keys = checked.issues.map(({ path }) => path?.map(segment).join('.') || 'the session')
  throw new SessionDataError(`Session data does not fit the schema at: ${[...new Set(keys)].join(', ')}.`, {
    cause: checked.issues,
  })
}

/** What a new session begins with: the schema's defaults, or nothing more where it has some keys that need a value. */
export async function initialData(schema: StandardSchemaV1, own: SessionData = {}): Promise<SessionData> {
  const checked = await check(schema, own)
  return 'data' in checked ? checked.data : own
}

async function check(schema: StandardSchemaV1, data: SessionData): Promise<Checked> {
  const result = await schema['~standard'].validate(data)
  return result.issues ? { issues: result.issues } : { data: copyOf(result.value) as SessionData }
}

/**
 * Handlers change data in place, and a schema may give the same default to all of them. What is of any other class stays the
 * one that it is: a format tells a tuple from a list by it.
 */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  switch (Object.getPrototypeOf(value)) {
    case Object.prototype:
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]))
    case Array.prototype:
      return (value as unknown[]).map(copyOf)
    case Map.prototype:
      return new Map(Array.from(value as Map<unknown, unknown>, ([key, inner]) => [key, copyOf(inner)]))
    case Set.prototype:
      return new Set(Array.from(value as Set<unknown>, copyOf))
    case Date.prototype:
      return new Date(value as Date)
    default:
      return value
  }
}

const segment = (part: PropertyKey | StandardSchemaV1.PathSegment) =>
  String(typeof part === 'object' ? part.key : part)
