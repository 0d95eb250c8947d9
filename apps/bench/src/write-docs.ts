import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Bar, chart } from './chart.ts'
import { columns } from './contenders/index.ts'
import { type Figures, report, titleOf } from './report.ts'
import { median } from './statistics.ts'

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url))

const PREFACE = `# What sessions cost

CPU time per request, commands and memory: Tegata beside other libraries, beside the bare framework, and beside the least that anybody could do, one raw
command per need. \`npm run bench -- --docs\` writes this page; \`npm run bench -- --quick\` shows the same in a few minutes, and
\`npm run bench -- --help\` what else there is. [How it is measured](../apps/bench)

Compare figures of one run only: machines differ, and so do days.
`

/** Writes the page, and a chart per framework. */
export async function writeDocs(figures: Figures): Promise<void> {
  await mkdir(`${DOCS}/benchmark`, { recursive: true })
  const images: string[] = []
  for (const framework of ['Express', 'Koa', 'Fastify']) {
    const cells = figures.cells.filter(({ contender }) => columns[contender]?.framework === framework)
    if (cells.length === 0) continue
    // One size: larger ones would leave the others no room.
    const size = Math.min(...cells.map((cell) => cell.size))
    const bars: Bar[] = cells
      .filter((cell) => cell.size === size)
      .map((cell) => ({
        group: titleOf(cell, []),
        series: columns[cell.contender]?.title ?? cell.contender,
        value: median(cell.cpu),
      }))
    const file = `${framework.toLowerCase()}.svg`
    await writeFile(
      `${DOCS}/benchmark/${file}`,
      chart(`${framework}: CPU time of the server`, 'µs per request', bars),
    )
    images.push(`![${framework}: CPU time of the server per request](benchmark/${file})`)
  }
  await writeFile(
    `${DOCS}/benchmark.md`,
    [PREFACE, ...images.map((image) => `${image}\n`), report(figures), ''].join('\n'),
  )
}
