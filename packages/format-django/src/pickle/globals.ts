import * as build from './builders.ts'
import { PyFrozenSet } from './collections.ts'
import type { Hasher } from './hasher.ts'
import { PyHerdMarker, PySafeString } from './scalars.ts'
import { PyZoneInfo } from './zones.ts'

type Builder = (args: readonly unknown[], hasher: Hasher) => unknown

/**
 * A class or function of the allow-list, as the pickle machine handles it. It stands for the name alone: nothing of
 * Python is here, and it is refused wherever it is used as a value.
 */
export class Global {
  readonly module: string
  readonly name: string
  /** What `REDUCE` makes of a call with these arguments, `undefined` to refuse it; absent for what may not be called. */
  readonly call: Builder | undefined
  /** What `NEWOBJ` makes; absent for what is never made that way. */
  readonly create: Builder | undefined

  constructor(module: string, name: string, how: { call?: Builder; create?: Builder } = {}) {
    this.module = module
    this.name = name
    this.call = how.call
    this.create = how.create
  }
}

const object = new Global('builtins', 'object')
const str = new Global('builtins', 'str')
const zoneInfo = new Global('zoneinfo', 'ZoneInfo')
const uuid = new Global('uuid', 'UUID', { create: build.unsetUUID })
const safeString = new Global('django.utils.safestring', 'SafeString', {
  create: ([value]) => new PySafeString(build.asText(value)),
})
const marker = new Global('django_redis.client.herd', 'Marker', { create: () => new PyHerdMarker() })

/** No pickle can name this but through `getattr` with exactly these two. */
const unpickleZone = new Global('zoneinfo', 'ZoneInfo._unpickle', {
  call: ([key]) => new PyZoneInfo(build.asText(key)),
})

const getattr = new Global('builtins', 'getattr', {
  call: ([subject, name, ...rest]) =>
    subject === zoneInfo && name === '_unpickle' && rest.length === 0 ? unpickleZone : undefined,
})

/** How protocols 0 and 1 make an object: `copyreg._reconstructor(class, base, state of the base)`. */
const reconstructor = new Global('copyreg', '_reconstructor', {
  call: ([subject, base, state], hasher) => {
    if (subject === uuid && base === object && state === null) return uuid.create?.([], hasher)
    if (subject === marker && base === object && state === null) return marker.create?.([], hasher)
    return subject === safeString && base === str ? safeString.create?.([state], hasher) : undefined
  },
})

const stdlib = [
  new Global('datetime', 'datetime', { call: build.dateTime }),
  new Global('datetime', 'date', { call: build.date }),
  new Global('datetime', 'time', { call: build.time }),
  new Global('datetime', 'timedelta', { call: build.timeDelta }),
  new Global('datetime', 'timezone', { call: build.timeZone }),
  new Global('decimal', 'Decimal', { call: build.decimal }),
  new Global('collections', 'OrderedDict', { call: build.orderedDict }),
  new Global('builtins', 'set', { call: (args, hasher) => build.members(new Set(), args, hasher) }),
  new Global('builtins', 'frozenset', {
    call: (args, hasher) => build.members(new PyFrozenSet(), args, hasher),
  }),
  new Global('builtins', 'bytes', { call: build.noBytes }),
  new Global('builtins', 'bytearray', { call: build.byteArray }),
  new Global('_codecs', 'encode', { call: build.encoded }),
  uuid,
  zoneInfo,
  getattr,
  reconstructor,
  object,
  str,
]

const django = [
  ...stdlib,
  safeString,
  marker,
  new Global('pytz', '_UTC', { call: build.pytzUTC }),
  new Global('pytz', '_p', { call: build.pytzZone }),
]

/** The names that protocols 0 to 2 use, after Python 2. */
const oldNames = new Map([
  ['builtins', '__builtin__'],
  ['copyreg', 'copy_reg'],
])

function table(globals: readonly Global[]): ReadonlyMap<string, Global> {
  const byName = new Map(globals.map((global) => [`${global.module}\n${global.name}`, global]))
  for (const global of globals) {
    const oldModule = oldNames.get(global.module)
    if (oldModule) byName.set(`${oldModule}\n${global.name}`, global)
  }
  byName.set('__builtin__\nunicode', str)
  return byName
}

const tables = { stdlib: table(stdlib), django: table(django) }

/** The one place where a name of a pickle is looked up. `undefined` for whatever is not on the list. */
export function resolveGlobal(
  classes: 'stdlib' | 'django',
  module: string,
  name: string,
): Global | undefined {
  return tables[classes].get(`${module}\n${name}`)
}
