import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A dependency whose own declaration file does not compile. Sources import it here; the declarations that are published do not mention it. */
const KNOWN = '/cluster-key-slot/'

/** What the compiler says of files, `file: code` each: strict, the declarations of every dependency included. */
export function compileStrictly(files: readonly string[]): Promise<string[]> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const options = [
    ...['--noEmit', '--strict', '--skipLibCheck', 'false', '--exactOptionalPropertyTypes', '--ignoreConfig'],
    ...['--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', '--types', 'node'],
    ...['--customConditions', '@tegata/source', '--allowImportingTsExtensions', '--pretty', 'false'],
  ]
  return new Promise((resolve) => {
    // It exits with an error when it finds one, which is not one here.
    execFile(process.execPath, [tsc, ...options, ...files], (_error, output) => {
      const found = [...output.matchAll(/^(.*?)\(\d+,\d+\): error (TS\d+)/gm)]
      const problems = found.filter(([, file]) => !file?.includes(KNOWN))
      resolve(problems.map(([, file, code]) => `${file?.split('/').at(-1)}: ${code}`))
    })
  })
}
