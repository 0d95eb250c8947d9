import { webcrypto } from 'node:crypto'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }

/** A login, a read and a logout, as a handler on any runtime would do them. */
const program = `
  import { createSessions } from './index.ts'
  import { MapStore } from './testing.ts'

  export async function run() {
    const store = new MapStore(Date.now)
    const sessions = createSessions({
      store,
      cookie: { secrets: 'secret' },
      encryption: { keys: ['a key of thirty-two bytes at least'] },
    })
    let cookie
    async function request(handler) {
      const context = sessions.open({ cookie, secure: true })
      const answer = await handler(await context.session())
      await context.commit()
      cookie = context.headers().setCookies[0]?.split(';')[0] ?? cookie
      return answer
    }
    await request(async (session) => {
      session.data.visits = 1
      await session.authenticate('ada')
    })
    const before = await request((session) => [session.owner, session.data.visits])
    await request((session) => session.destroy())
    return { cookie, before, left: store.calls }
  }
`

let code: string
let inputs: string[]

beforeAll(async () => {
  const result = await build({
    stdin: { contents: program, resolveDir: dirname(fileURLToPath(import.meta.url)), loader: 'ts' },
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'tegata',
    target: 'es2022',
    logLevel: 'silent',
  })
  code = result.outputFiles[0]?.text ?? ''
  inputs = Object.keys(result.metafile.inputs)
})

describe('core, bundled for a browser', () => {
  test('consists of its own sources and its declared dependencies, with nothing of Node', () => {
    const packages = inputs
      .filter((path) => path.includes('node_modules/'))
      .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? '')
    expect(code).not.toMatch(/["']node:/)
    expect(Object.keys(manifest.dependencies)).toEqual(expect.arrayContaining([...new Set(packages)]))
  })

  test('logs in, reads and logs out where there are web standards only, and no code from strings', async () => {
    // With the array class that these answer: a runtime has but one.
    const webStandards = {
      crypto: webcrypto,
      TextEncoder,
      TextDecoder,
      URLSearchParams,
      atob,
      btoa,
      Uint8Array,
    }
    const context = createContext(
      { ...webStandards, console, setTimeout, clearTimeout },
      { codeGeneration: { strings: false, wasm: false } },
    )
    runInContext(code, context)
    const { cookie, before } = await (runInContext('tegata.run()', context) as Promise<{
      cookie: string
      before: unknown[]
    }>)
    expect([...before]).toEqual(['ada', 1])
    expect(cookie).toBe('__Host-sid=')
  })
})
