import {
  PyByteArray,
  PyDate,
  PyDateTime,
  PyDecimal,
  PyFloat,
  PyFrozenSet,
  PyOrderedDict,
  PyPytzZone,
  PySafeString,
  PyString,
  PyTime,
  PyTimeDelta,
  PyTuple,
  PyUUID,
  PyZoneInfo,
} from '../pickle.ts'

/**
 * A value as the fixtures have it: JSON, with tags for what JSON cannot say (`{"$tuple": […]}`). Sets and dicts in an order
 * that only serves to compare.
 */
export function tagged(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'bigint') return { $int: String(value) }
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? value : float(value)
  if (value instanceof PyFloat) return float(value.value)
  if (value instanceof PyString) return value.toString()
  if (value instanceof PyByteArray) return { $bytearray: base64(value) }
  if (value instanceof Uint8Array) return { $bytes: base64(value) }
  if (value instanceof PyTuple) return { $tuple: value.map(tagged) }
  if (Array.isArray(value)) return value.map(tagged)
  if (value instanceof PyFrozenSet) return { $frozenset: sorted([...value].map(tagged)) }
  if (value instanceof Set) return { $set: sorted([...value].map(tagged)) }
  if (value instanceof PyOrderedDict)
    return {
      $object: 'collections.OrderedDict',
      items: [...value].map(([key, member]) => [key, tagged(member)]),
    }
  if (value instanceof PyDateTime) return { $datetime: value.toString(), ...fold(value) }
  if (value instanceof PyDate) return { $date: value.toString() }
  if (value instanceof PyTime) return { $time: value.toString(), ...fold(value) }
  if (value instanceof PyTimeDelta) return { $timedelta: [value.days, value.seconds, value.microseconds] }
  if (value instanceof PyDecimal) return { $decimal: value.value }
  if (value instanceof PyUUID) return { $uuid: value.value }
  if (value instanceof PySafeString) return { $object: 'django.utils.safestring.SafeString' }
  if (value instanceof PyZoneInfo || value instanceof PyPytzZone) return { $object: 'zone' }
  const entries = value instanceof Map ? [...value] : Object.entries(value as object)
  return { $dict: sorted(entries.map(([key, member]) => [tagged(key), tagged(member)])) }
}

/** The same form, of a fixture's `json`. */
export function canonical(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(canonical)
  if (typeof json === 'number' && !Number.isSafeInteger(json)) return { $float: String(json) }
  if (typeof json !== 'object' || json === null) return json
  const [tag = ''] = Object.keys(json)
  const inner = (json as Record<string, unknown>)[tag]
  if (tag === '$object') return canonicalObject(json)
  if (tag === '$dict') return { $dict: sorted((inner as unknown[]).map(canonical)) }
  if (tag === '$set' || tag === '$frozenset') return { [tag]: sorted((inner as unknown[]).map(canonical)) }
  if (tag === '$tuple') return { $tuple: (inner as unknown[]).map(canonical) }
  if (tag === '$float') return float(Number(String(inner).replace('inf', 'Infinity')))
  if (tag.startsWith('$')) return json
  return { $dict: sorted(Object.entries(json).map(([key, member]) => [key, canonical(member)])) }
}

/** Of the objects that are read, fixtures have the text alone. */
function canonicalObject(json: object): unknown {
  const { $object, str } = json as { $object: string; str: string }
  if ($object !== 'collections.OrderedDict') return json
  const items = [...str.matchAll(/\('(\w+)', (\d+)\)/g)].map(([, key, value]) => [key, Number(value)])
  return { $object, items }
}

const float = (value: number) => ({ $float: Object.is(value, -0) ? '-0' : String(value) })
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const fold = (value: { fold: 0 | 1 }) => (value.fold ? { fold: 1 } : {})
const sorted = (items: unknown[]) =>
  items
    .map((item) => JSON.stringify(item))
    .sort()
    .map((text) => JSON.parse(text))
