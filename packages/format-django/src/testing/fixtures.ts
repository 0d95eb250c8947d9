import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** A value that a real Django left in Redis, or a handmade, broken or hostile one. */
export interface DjangoPickle {
  name: string
  /** `ok`: read to exactly `json`; `opaque`, `refuse`: a typed error; `either`: CPython loads it, a strict reader may refuse. */
  expect: 'ok' | 'opaque' | 'refuse' | 'either'
  value_base64: string
  /** The classes and functions it names, in the order in which a reader meets them. */
  globals: [module: string, name: string][]
  /** The value as tagged JSON; absent where it was not taken down. */
  json?: unknown
}

const read = (name: string): unknown =>
  JSON.parse(gunzipSync(readFileSync(new URL(`fixtures/${name}.json.gz`, import.meta.url))).toString())

export const djangoPickles = read('django-pickles') as DjangoPickle[]

/** As it is with another serializer, or with a compressor. */
export interface DjangoValue extends Omit<DjangoPickle, 'globals'> {
  serializer: 'pickle' | 'json' | 'msgpack'
  /** The one that was set; short values are not compressed. */
  compressor: 'none' | 'zlib' | 'gzip' | 'zstd' | 'lz4' | 'lzma'
}

export const djangoValues = read('django-values') as DjangoValue[]

/** By compressor, base64: made by Python, of more zeros than a value may have. */
export const bombs = read('bombs') as Record<'zstd' | 'lz4' | 'lzma', string>

/** The same values pickled by CPython at protocols 2 to 5, base64. */
export const pythonPickles = read('python-pickles') as Record<
  string,
  Record<'p2' | 'p3' | 'p4' | 'p5', string>
>

export const pickleOf = ({ value_base64 }: Pick<DjangoPickle, 'value_base64'>): Uint8Array =>
  new Uint8Array(Buffer.from(value_base64, 'base64'))
