import { fromUtf8, utf8 } from '@tegata/core'
import { dumps, loads } from '../pickle.ts'
import type { DjangoSerializer } from '../settings.ts'
import { readMsgpack, writeMsgpack } from './msgpack.ts'
import { readPythonJson, writePythonJson } from './python-json.ts'

/** Values ↔ bytes, as a `SERIALIZER` of django-redis. Both throw whatever they like. */
export interface Serializer {
  loads(bytes: Uint8Array): unknown
  dumps(value: unknown): Uint8Array
}

export const serializers: Record<DjangoSerializer, Serializer> = {
  pickle: { loads: (bytes) => loads(bytes, { classes: 'django' }), dumps },
  json: {
    loads: (bytes) => readPythonJson(fromUtf8(bytes)),
    dumps: (value) => utf8(writePythonJson(value)),
  },
  msgpack: { loads: readMsgpack, dumps: writeMsgpack },
}
