import type { PyByteArray, PyFrozenSet, PyOrderedDict, PyTuple } from './collections.ts'
import type { PyDate, PyDateTime, PyTime } from './date-time.ts'
import type { PyDecimal, PyFloat, PyHerdMarker, PySafeString, PyString, PyUUID } from './scalars.ts'
import type { PyTimeDelta } from './time-delta.ts'
import type { PyZone } from './zones.ts'

/**
 * What `loads` answers. Python's types as JavaScript has them, and a small class where it has none:
 *
 * | Python                        | JavaScript                                                            |
 * | ----------------------------- | --------------------------------------------------------------------- |
 * | None, bool                    | null, boolean                                                         |
 * | int                           | number up to ±(2⁵³−1), bigint beyond                                  |
 * | float                         | number; `PyFloat` for integral ones up to ±(2⁵³−1), such as 1.0       |
 * | str                           | string; `PyString` where JavaScript would join two surrogates         |
 * | bytes, bytearray              | Uint8Array, `PyByteArray`                                             |
 * | list, tuple                   | Array, `PyTuple`                                                      |
 * | dict                          | a plain object; a Map as soon as one key is not a plain string        |
 * | OrderedDict, set, frozenset   | `PyOrderedDict`, Set, `PyFrozenSet`                                   |
 * | date, time, datetime          | `PyDate`, `PyTime`, `PyDateTime`                                      |
 * | timedelta                     | `PyTimeDelta`                                                         |
 * | timezone, ZoneInfo, pytz      | `PyTimeZone`, `PyZoneInfo`, `PyPytzZone`                              |
 * | Decimal, UUID                 | `PyDecimal`, `PyUUID`                                                 |
 * | SafeString, herd Marker       | `PySafeString`, `PyHerdMarker`                                        |
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PyByteArray
  | PickleValue[]
  | PyTuple<PickleValue>
  | { [key: string]: PickleValue }
  | Map<PickleValue, PickleValue>
  | PyOrderedDict<PickleValue, PickleValue>
  | Set<PickleValue>
  | PyFrozenSet<PickleValue>
  | PyFloat
  | PyString
  | PyDecimal
  | PyUUID
  | PyDate
  | PyTime
  | PyDateTime
  | PyTimeDelta
  | PyZone
  | PySafeString
  | PyHerdMarker
