import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const SERVER = fileURLToPath(new URL('server.ts', import.meta.url))
const SEEN = 'seen'

/** Builds the server with its siblings from their sources into a folder, and answers its path there; what is installed stays where it is. */
export async function buildServer(folder: string): Promise<string> {
  await build({
    entryPoints: [SERVER],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@tegata/source'],
    plugins: [
      {
        name: 'leave what is installed',
        setup({ onResolve, resolve }) {
          onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...from }) => {
            if (pluginData === SEEN || from.kind === 'entry-point' || path.startsWith('node:'))
              return undefined
            const found = await resolve(path, { ...from, pluginData: SEEN })
            if (found.external || !found.path.includes('/node_modules/')) return found
            return { path: pathToFileURL(found.path).href, external: true }
          })
        },
      },
    ],
  })
  return join(folder, 'server.mjs')
}
