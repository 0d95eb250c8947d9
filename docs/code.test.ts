import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

const documents = [
  ...['README.md', 'CONTRIBUTING.md'].map((name) => join(root, name)),
  ...readdirSync(join(root, 'docs')).map((name) => join(root, 'docs', name)),
  ...readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name, 'README.md')),
].filter((path) => path.endsWith('.md') && existsSync(path))

/** Every TypeScript block of a document, as a file beside it that exists in memory only, at its own lines. */
function blocksOf(document: string): [path: string, text: string][] {
  const text = readFileSync(document, 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match, i) => {
    const line = text.slice(0, match.index).split('\n').length
    return [`${document}.${i}.ts`, `${'\n'.repeat(line)}${match[1]}\nexport {}`]
  })
}

const blocks = new Map(documents.flatMap(blocksOf))

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  customConditions: ['@tegata/source'],
  allowImportingTsExtensions: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
}

function compile(): Map<string, string[]> {
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => blocks.has(path) || fileExists(path)
  host.readFile = (path) => blocks.get(path) ?? readFile(path)
  host.getSourceFile = (path, ...rest) => {
    const text = blocks.get(path)
    return text === undefined
      ? getSourceFile(path, ...rest)
      : ts.createSourceFile(path, text, ts.ScriptTarget.ES2022)
  }
  const program = ts.createProgram([...blocks.keys()], options, host)
  const problems = new Map<string, string[]>()
  for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(program)) {
    const path = file?.fileName ?? 'options'
    const line = file ? file.getLineAndCharacterOfPosition(start).line : 0
    problems.set(path, [
      ...(problems.get(path) ?? []),
      `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    ])
  }
  return problems
}

describe('the code in the documentation compiles', () => {
  const problems = compile()

  test.each([...blocks.keys()].map((path) => [relative(root, path), path]))('%s', (_, path) => {
    expect(problems.get(path) ?? []).toEqual([])
  })

  test('and nothing else that it imports is broken', () => {
    expect([...problems].filter(([path]) => !blocks.has(path))).toEqual([])
  })
})

describe('the links in the documentation', () => {
  test.each(documents.map((path) => [relative(root, path), path]))('of %s lead somewhere', (_, path) => {
    const text = readFileSync(path, 'utf8')
    const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(
      (match) => match[1] as string,
    )
    expect(targets.filter((target) => !existsSync(join(dirname(path), target)))).toEqual([])
  })
})

describe('what a page tells to install is all that its code imports', () => {
  const pages = documents
    .map((path) => [relative(root, path), readFileSync(path, 'utf8')] as const)
    .filter(([, text]) => text.includes('npm install '))

  test.each(pages)('%s', (_, text) => {
    const told = [...text.matchAll(/npm install ([^`\n#]+)/g)].flatMap(([, names = '']) => names.split(' '))
    const code = [...text.matchAll(/^```[jt]s\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('')
    const imported = [...code.matchAll(/from '((?:@[\w-]+\/)?[\w-]+)(?=[/'])/g)].map(([, name]) => name)
    expect(imported.filter((name) => !told.includes(name as string))).toEqual([])
  })
})
