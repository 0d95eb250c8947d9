import { keysInOrder } from '../pickle/dict-order.ts'
import {
  PyByteArray,
  PyDate,
  PyDateTime,
  PyDecimal,
  PyFloat,
  PyFrozenSet,
  PyOrderedDict,
  PyString,
  PyTime,
  PyTimeDelta,
  PyTuple,
  PyUUID,
} from '../pickle.ts'

/**
 * Both sides of a fixture in one form, in which types and order count: what `loads` answered, and the tagged JSON that says what
 * it should have.
 */
export type Described = string | { [type: string]: unknown }

export function describeValue(value: unknown): Described {
  if (typeof value === 'string') return value
  if (value === null || typeof value === 'boolean') return `${value}`
  if (typeof value === 'bigint') return { int: `${value}` }
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? { int: `${value}` } : float(value)
  }
  if (value instanceof PyFloat) return float(value.value)
  // The JSON of the fixtures has such a text joined.
  if (value instanceof PyString) return value.toString()
  if (value instanceof PyTuple) return { tuple: [...value].map(describeValue) }
  if (Array.isArray(value)) return { list: value.map(describeValue) }
  if (value instanceof PyFrozenSet) return { frozenset: sorted([...value].map(describeValue)) }
  if (value instanceof Set) return { set: sorted([...value].map(describeValue)) }
  if (value instanceof PyByteArray) return { bytearray: Buffer.from(value).toString('base64') }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
  if (value instanceof PyDateTime) return { datetime: value.toString(), fold: value.fold }
  if (value instanceof PyTime) return { time: value.toString(), fold: value.fold }
  if (value instanceof PyDate) return { date: value.toString() }
  if (value instanceof PyTimeDelta) return { timedelta: [value.days, value.seconds, value.microseconds] }
  if (value instanceof PyDecimal) return { decimal: value.value }
  if (value instanceof PyUUID) return { uuid: value.value }
  if (value instanceof PyOrderedDict) return { object: 'collections.OrderedDict' }
  if (value instanceof Map) return { dict: [...value].map((pair) => pair.map(describeValue)) }
  const object = value as Record<string, unknown>
  return { dict: keysInOrder(object).map((key) => [key, describeValue(object[key])]) }
}

export function describeJson(json: unknown): Described {
  if (typeof json === 'string') return json
  if (json === null || typeof json === 'boolean') return `${json}`
  if (typeof json === 'number') return { int: `${json}` }
  if (Array.isArray(json)) return { list: json.map(describeJson) }
  const object = json as Record<string, unknown>
  const [tag, fold] = Object.keys(object)
  const content = tag === undefined ? undefined : object[tag]
  switch (tag) {
    case '$int':
      return { int: content }
    case '$float':
      return float(Number(String(content).replace('inf', 'Infinity')))
    case '$tuple':
    case '$list':
      return { [tag.slice(1)]: (content as unknown[]).map(describeJson) }
    case '$set':
    case '$frozenset':
      return { [tag.slice(1)]: sorted((content as unknown[]).map(describeJson)) }
    case '$datetime':
    case '$time':
      return { [tag.slice(1)]: content, fold: fold === undefined ? 0 : object[fold] }
    case '$bytes':
    case '$bytearray':
    case '$date':
    case '$timedelta':
    case '$decimal':
    case '$uuid':
    case '$object':
      return { [tag.slice(1)]: content }
    case '$dict':
      return { dict: (content as unknown[][]).map((pair) => pair.map(describeJson)) }
    default:
      return { dict: Object.entries(object).map(([key, value]) => [key, describeJson(value)]) }
  }
}

const float = (value: number) => ({ float: Object.is(value, -0) ? '-0' : `${value}` })

const sorted = (items: Described[]) => items.map((item) => JSON.stringify(item)).sort()
