import { defineConfig } from 'tsup'
import { packageBuild } from '../../tsup.base.ts'

const dropIn = {
  target: 'es2022',
  platform: 'node',
  sourcemap: true,
  clean: false,
  dts: true,
} as const

/** The drop-in for express-session has to be a function in CommonJS, and its types meet those of `global` nowhere. */
export default defineConfig([
  ...packageBuild({ entry: ['src/index.ts', 'src/global.ts'] }),
  { ...dropIn, format: 'esm', entry: { 'express-session/index': 'src/express-session/index.ts' } },
  {
    ...dropIn,
    format: 'cjs',
    entry: { 'express-session/index': 'src/express-session/index.cjs.ts' },
    cjsInterop: true,
    // Without it `module.exports =` is left out, while the types say `export =`.
    splitting: true,
  },
])
