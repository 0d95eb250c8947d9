// Installs what is missing, builds what is measured, and measures: `npm run bench -- --help` says what.
import { installMissing } from './install.mjs'
import { bin, building, root, run } from './run.mjs'

installMissing()
run(...building('@tegata/bench^...'))
run(bin('tsx'), [`${root}apps/bench/src/main.ts`, ...process.argv.slice(2)])
