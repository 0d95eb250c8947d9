import { columns } from './contenders/index.ts'
import type { Figures } from './figures.ts'
import { markdown } from './markdown.ts'
import type { Cell } from './measure.ts'
import type { Many } from './measure-many.ts'
import type { Rolling } from './measure-rolling.ts'
import { reportDropIn } from './report-goals.ts'
import { type Estimate, estimate, median, paired, uncertainty } from './statistics.ts'
import { grouped, sizeOf } from './words.ts'

export const FRAMEWORKS = ['Express', 'Koa', 'Fastify'] as const

type Show = (cell: Cell, bare: Cell | undefined) => string

const tables: [title: string, show: Show][] = [
  ['CPU time of the server, µs per request', ({ cpu }) => median(cpu).toFixed(0)],
  [
    'Of it added to the bare framework, µs; in brackets what the noise hides',
    (cell, bare) => (bare && bare !== cell ? added(cell, bare) : ''),
  ],
  [
    'Requests per second, against the bare framework',
    (cell, bare) => (bare && bare !== cell ? withUncertainty(rateRatio(cell, bare), 2) : ''),
  ],
  [
    "CPU time of Redis' process, µs per request",
    ({ redisCpu, commands }) => (commands > 0 ? median(redisCpu).toFixed(1) : '0'),
  ],
  ['Commands to Redis per request', ({ commands }) => commands.toFixed(2).replace(/\.?0+$/, '')],
  [
    'Bytes to and from Redis per request',
    ({ bytes }) => `${bytes.received.toFixed(0)} / ${bytes.sent.toFixed(0)}`,
  ],
]

/** CPU time of a contender less that of the bare framework in the same round. */
export const addedCpu = (cell: Cell, bare: Cell): Estimate =>
  estimate(paired([cell.cpu, bare.cpu], (own, others) => own - others))

const rateRatio = (cell: Cell, bare: Cell) =>
  estimate(paired([cell.rate, bare.rate], (own, others) => own / others))

const withUncertainty = (figure: Estimate, digits: number) =>
  `${figure.value.toFixed(digits)} ± ${uncertainty(figure).toFixed(digits)}`

function added(cell: Cell, bare: Cell): string {
  const figure = addedCpu(cell, bare)
  const text = withUncertainty(figure, 0)
  return figure.low <= 0 && figure.high >= 0 ? `[${text}]` : text
}

/** All tables but that of the goals, as Markdown. */
export function report(figures: Figures): string {
  const { cells, many, rolling, owners } = figures
  const parts = FRAMEWORKS.flatMap((framework) => {
    const own = cells.filter(({ contender }) => columns[contender]?.framework === framework)
    return own.length === 0
      ? []
      : [`## ${framework}`, ...tables.map(([title, show]) => `${title}:\n\n${table(own, show)}`)]
  })
  const dropIn = reportDropIn(figures)
  if (dropIn) parts.push('## The drop-in for express-session', dropIn)
  if (rolling.length > 0) parts.push('## Rolling reads, by Redis', rollingTable(rolling))
  if (many.length > 0) parts.push('## Many sessions', manyTable(many))
  if (owners) {
    const { few, many } = owners
    const rows = ([few, many] as const).map(({ sessions, list, destroy }) => [
      grouped(sessions),
      ...[list, destroy].map((times) => `${median(times).toFixed(2)} ms`),
    ])
    parts.push(
      '## Sessions by owner',
      markdown(['sessions, ten of each owner', 'listing those of one', 'ending those of one'], rows),
    )
  }
  parts.push('## How noisy this was', noise(figures))
  if (figures.asked.leftOut.length > 0) {
    parts.push('## Left out', figures.asked.leftOut.map((one) => `- ${one}`).join('\n'))
  }
  return parts.join('\n\n')
}

export const titleOf = ({ scenario, size }: Cell, cells: readonly Cell[]): string =>
  new Set(cells.filter((cell) => cell.scenario === scenario).map((cell) => cell.size)).size > 1
    ? `${scenario}, ${sizeOf(size)}`
    : scenario

function table(cells: readonly Cell[], show: Show): string {
  const heads = [...new Set(cells.map((cell) => titleOf(cell, cells)))]
  const names = Object.keys(columns).filter((name) => cells.some(({ contender }) => contender === name))
  const rows = names.map((contender) => [
    columns[contender]?.title ?? contender,
    ...heads.map((head) => {
      const here = cells.filter((cell) => titleOf(cell, cells) === head)
      const cell = here.find((one) => one.contender === contender)
      if (!cell) return '–'
      const bare = here.find((one) => columns[one.contender]?.isBare)
      return show(cell, bare) + (cell.failed > 0 ? ' (failed)' : '')
    }),
  ])
  return markdown(['', ...heads], rows)
}

function manyTable(many: readonly Many[]): string {
  const rows = many.map(({ contender, sessions, memory, listing }) => {
    const raw = many.find((one) => one.sessions === sessions && one.contender.startsWith('express-raw'))
    return [
      `${columns[contender]?.framework}: ${columns[contender]?.title}`,
      grouped(sessions),
      memory.toFixed(0),
      raw ? (memory / raw.memory).toFixed(2) : '',
      listing ? `${grouped(Math.round(listing.took))} ms` : '–',
      listing ? `${listing.longestCommand.toFixed(1)} ms` : '–',
      listing ? `${listing.blocked.toFixed(0)} ms` : '–',
      listing ? `${(listing.grew / 1e6).toFixed(0)} MB` : '–',
    ]
  })
  const heads = ['', 'sessions', 'bytes each', '× raw JSON', 'listing them all', 'longest command']
  return [
    'Memory of Redis per session of 200 bytes, and what it costs to list them all:',
    markdown([...heads, 'event loop blocked', 'process grew'], rows),
  ].join('\n\n')
}

function rollingTable(all: readonly Rolling[]): string {
  const rows = all.map(({ contender, connections, plain, rolling }) => {
    const ratio = estimate(paired([rolling.redisCpu, plain.redisCpu], (a, b) => a / b))
    return [
      `${columns[contender]?.title}, ${connections} at a time`,
      ...[plain, rolling].map(({ redisCpu }) => median(redisCpu).toFixed(1)),
      withUncertainty(ratio, 2),
    ]
  })
  return [
    "CPU time of Redis' process, µs per request: what it takes to read the request and write the answer is in it. Both kinds in turn:",
    markdown(['', 'read', 'rolling read', 'times as much'], rows),
  ].join('\n\n')
}

function noise({ cells, machine, asked }: Figures): string {
  const { node, redis, cpus, memory, load, date } = machine
  const machineLine = `${date}, Node ${node}, Redis ${redis}, ${cpus}, ${(memory / 2 ** 30).toFixed(0)} GiB; load average when it began ${load.map((one) => one.toFixed(1)).join(', ')}.`
  const parts = cells
    .map(({ cpu }) => estimate(cpu))
    .map((figure) => uncertainty(figure) / figure.value)
    .filter(Number.isFinite)
  if (parts.length === 0) return machineLine
  const percent = (part: number) => `${(100 * part).toFixed(0)} %`
  return [
    `A figure is the median of ${asked.rounds} rounds of ${grouped(asked.requests)} requests (fewer of sessions above 10 KB). CPU times are known to ± ${percent(median(parts))} (the median of all; ± ${percent(Math.max(...parts))} at the worst).`,
    'Differences and ratios are those of the same round, since what disturbs a round disturbs all of it, and are known better; the ± after each is its own.',
    machineLine,
  ].join('\n')
}
