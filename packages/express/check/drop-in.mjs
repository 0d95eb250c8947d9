// The built drop-in as its users load it: `require` gives a function, and programs written for `@types/express-session`
// compile with nothing changed but the import. After `npm run build`.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { inherits } from 'node:util'
import ts from 'typescript'

const require = createRequire(import.meta.url)
const NAMES = ['express-session', '@tegata/express/express-session']

const required = require('@tegata/express/express-session')
const { default: imported, ...named } = await import('@tegata/express/express-session')
for (const session of [required, imported]) {
  assert.equal(typeof session, 'function')
  assert.equal(typeof session({ secret: 'x', resave: false, saveUninitialized: false }), 'function')
  assert.deepEqual(Object.keys(session).sort(), ['Cookie', 'MemoryStore', 'Session', 'Store'])
  function OwnStore() {
    session.Store.call(this)
  }
  inherits(OwnStore, session.Store)
  assert.equal(new OwnStore().on('disconnect', () => {}).emit('disconnect'), true)
}
assert.deepEqual(Object.keys(named).sort(), ['Cookie', 'MemoryStore', 'Session', 'Store'])

/** What is said of options that are missing: it names the place in the application, so it can only be seen of what was built. */
function saidBy(name, env) {
  const program = `require('${name}')({ resave: false })`
  const { stderr } = spawnSync(process.execPath, ['-e', program], {
    ...{ cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' },
    env: { ...process.env, ...env },
  })
  // Each line begins with its time.
  return stderr.split('\n').map((line) => line.slice(line.indexOf('express-session')).replace(/\d+$/, ''))
}
const said = NAMES.map((name) => saidBy(name, { NO_DEPRECATION: '' }))
assert.equal(said[0].length, 3, said[0].join('\n'))
assert.deepEqual(said[1], said[0])
for (const name of NAMES) assert.deepEqual(saidBy(name, { NO_DEPRECATION: 'express-session' }), [''])
console.log('ok     warnings of missing options')

const { ModuleKind, ModuleResolutionKind } = ts
const asRequired = (name) =>
  `import express = require('express')\nimport session = require('${name}')\nimport { RedisStore } from 'connect-redis'`
const asImported = (name) =>
  `import express from 'express'\nimport session from '${name}'\nimport { RedisStore } from 'connect-redis'`

const consumers = {
  'ES modules': { file: 'consumer.mts', imports: asImported, module: ModuleKind.Node16 },
  CommonJS: { file: 'consumer.cts', imports: asRequired, module: ModuleKind.Node16 },
  'CommonJS without esModuleInterop': {
    ...{ file: 'consumer.cts', imports: asRequired, module: ModuleKind.Node16 },
    esModuleInterop: false,
  },
  'a bundler': {
    ...{ file: 'consumer.ts', imports: asImported, module: ModuleKind.ESNext },
    moduleResolution: ModuleResolutionKind.Bundler,
  },
  node10: {
    ...{ file: 'consumer.ts', imports: asImported, module: ModuleKind.CommonJS },
    moduleResolution: ModuleResolutionKind.Node10,
  },
}

const template = readFileSync(new URL('consumer.txt', import.meta.url), 'utf8')
let failures = 0
for (const [title, { file, imports, ...options }] of Object.entries(consumers)) {
  for (const name of NAMES) {
    const problems = compile(file, template.replace('IMPORTS', imports(name)), options)
    console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${title}: ${name}`)
    for (const problem of problems) console.log(`       ${problem}`)
    failures += problems.length
  }
}
process.exitCode = failures === 0 ? 0 : 1

function compile(file, text, given) {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const options = {
    ...{ strict: true, noEmit: true, skipLibCheck: false, esModuleInterop: true, types: ['node'] },
    ...{ target: ts.ScriptTarget.ES2022, lib: ['lib.es2023.d.ts'], ignoreDeprecations: '6.0' },
    ...given,
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (name) => name === path || fileExists(name)
  host.readFile = (name) => (name === path ? text : readFile(name))
  host.getSourceFile = (name, version, ...rest) =>
    name === path ? ts.createSourceFile(name, text, version) : getSourceFile(name, version, ...rest)
  const program = ts.createProgram([path], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file: source, start, messageText }) => {
    const line = source ? source.getLineAndCharacterOfPosition(start ?? 0).line + 1 : 0
    return `${source?.fileName ?? 'options'}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}
