import { defineConfig } from 'tsup'
import { packageBuild } from '../../tsup.base.ts'

const dropIn = {
  target: 'es2022',
  platform: 'node',
  sourcemap: true,
  clean: false,
  removeNodeProtocol: false,
} as const

const commonJs = {
  format: 'cjs',
  entry: { 'express-session/index': 'src/express-session/index.cjs.ts' },
} as const

/** The drop-in for express-session has to be a function in CommonJS, and its types meet those of `global` nowhere. */
export default defineConfig([
  ...packageBuild({ entry: ['src/index.ts', 'src/global.ts'] }),
  { ...dropIn, dts: true, format: 'esm', entry: { 'express-session/index': 'src/express-session/index.ts' } },
  // `module.exports =` by Rollup (`treeshake`), as `packageBuild` has it; `export =` by `cjsInterop`, which would spoil the other.
  { ...dropIn, ...commonJs, treeshake: true },
  { ...dropIn, ...commonJs, cjsInterop: true, dts: { only: true } },
])
