// Whether what was built is the JavaScript that was written: a tool that lowers `?.` and `??` makes requests a tenth slower, and
// nothing else shows it. Part of `npm run check:packages`.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const HELPER = /_optionalChain|_nullishCoalesce/

const packages = fileURLToPath(new URL('../packages/', import.meta.url))
const built = readdirSync(packages, { recursive: true }).filter((path) =>
  /^[^/\\]+[/\\]dist[/\\].*\.c?js$/.test(path),
)
if (built.length === 0) throw new Error('Nothing is built: `npm run build`.')

const lowered = built.filter((path) => HELPER.test(readFileSync(packages + path, 'utf8')))
for (const path of lowered) console.error(`packages/${path} has lowered syntax: see tsup.base.ts.`)
if (lowered.length > 0) process.exitCode = 1
else console.log(`${built.length} built files have their syntax as it was written.`)
