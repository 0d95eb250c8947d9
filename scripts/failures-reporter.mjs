// What made a run fail, in one file: a long log hides it, and the runner's report says nothing of errors outside of tests.
import { writeFileSync } from 'node:fs'
import { root } from './run.mjs'

/** The message, and where in our own code. */
const text = ({ stack, message }) =>
  String(stack ?? message)
    .replace(/^\s+at .*node_modules.*\n?/gm, '')
    .trim()

export default class FailuresReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const failures = []
    const add = (title, errors) => failures.push([title, ...errors.map(text)].join('\n'))
    for (const module of modules) {
      const file = module.relativeModuleId
      if (module.errors().length > 0) add(file, module.errors())
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) add(`${file} > ${suite.fullName}`, suite.errors())
      }
      for (const test of module.children.allTests('failed'))
        add(`${file} > ${test.fullName}`, test.result().errors)
    }
    const outside = unhandledErrors.map((error) => ['An error outside of tests', text(error)].join('\n'))
    writeFileSync(`${root}node_modules/.cache/tegata/failures.json`, JSON.stringify({ failures, outside }))
  }
}
