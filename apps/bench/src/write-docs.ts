import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Bar, chart, type Kind } from './chart.ts'
import { columns } from './contenders/index.ts'
import type { Figures } from './figures.ts'
import type { Verdict } from './goals.ts'
import { FRAMEWORKS, report, titleOf } from './report.ts'
import { reportGoals } from './report-goals.ts'
import { median } from './statistics.ts'

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url))

/** Writes the page, and a chart per framework. */
export async function writeDocs(figures: Figures, goals: readonly Verdict[]): Promise<void> {
  await mkdir(`${DOCS}/benchmark`, { recursive: true })
  const images: string[] = []
  for (const framework of FRAMEWORKS) {
    const cells = figures.cells.filter(({ contender }) => columns[contender]?.framework === framework)
    if (cells.length === 0) continue
    // One size: larger ones would leave the others no room.
    const size = Math.min(...cells.map((cell) => cell.size))
    const bars: Bar[] = cells
      .filter((cell) => cell.size === size)
      .map((cell) => ({
        group: titleOf(cell, []),
        series: columns[cell.contender]?.title ?? cell.contender,
        kind: kindOf(cell.contender),
        value: median(cell.cpu),
      }))
    const file = `${framework.toLowerCase()}.svg`
    await writeFile(
      `${DOCS}/benchmark/${file}`,
      chart(`${framework}: CPU time of the server`, 'µs per request', bars),
    )
    images.push(`![${framework}: CPU time of the server per request](benchmark/${file})`)
  }
  await writeFile(`${DOCS}/benchmark.md`, page(figures, goals, images))
}

const kindOf = (contender: string): Kind =>
  /-bare$|-raw-/.test(contender) ? 'limit' : /tegata|^drop-in/.test(contender) ? 'tegata' : 'other'

function page(figures: Figures, goals: readonly Verdict[], images: readonly string[]): string {
  const { date, node, redis, cpus } = figures.machine
  const parts = [
    '# What sessions cost',
    `CPU time per request, commands and memory: Tegata beside other libraries, beside the bare framework, and beside the least that anybody could do, one raw
command per need. Measured on ${date} with Node ${node} and Redis ${redis} on ${cpus}, server, load and Redis on the same machine. Compare figures of one run only:
machines differ, and so do days. [How it is measured](../apps/bench)`,
    `\`\`\`sh\nnpm run bench -- ${figures.asked.command}   # wrote this page\nnpm run bench -- --quick   # some of it, in five minutes\nnpm run bench -- --goals   # what the goals are made of\n\`\`\``,
    '## Goals',
    'What Tegata wants to cost, and whether it does. "Added" is the CPU time of the server less that of the framework alone.',
    reportGoals(goals),
    '## Charts',
    ...images,
    report(figures),
  ]
  return `${parts.join('\n\n')}\n`
}
