import { columns } from './contenders/index.ts'
import type { Cell } from './measure.ts'
import type { Many } from './measure-many.ts'
import { median, spread } from './statistics.ts'

export interface Figures {
  machine: { node: string; cpus: string; load: number[]; date: string }
  cells: Cell[]
  many: Many[]
}

const FRAMEWORKS = ['Express', 'Koa', 'Fastify'] as const

type Show = (cell: Cell, bare: Cell | undefined) => string

const tables: [title: string, show: Show][] = [
  ['CPU time of the server, µs per request', ({ cpu }) => median(cpu).toFixed(0)],
  [
    'of it added to the bare framework, µs',
    (cell, bare) => (bare && bare !== cell ? (median(cell.cpu) - median(bare.cpu)).toFixed(0) : ''),
  ],
  [
    'requests per second, against the bare framework',
    (cell, bare) => (bare ? (median(cell.rate) / median(bare.rate)).toFixed(2) : ''),
  ],
  ['commands to Redis per request', ({ commands }) => commands.toFixed(2).replace(/\.?0+$/, '')],
  [
    'bytes to and from Redis per request',
    ({ bytes }) => `${bytes.received.toFixed(0)} / ${bytes.sent.toFixed(0)}`,
  ],
]

/** All tables, as Markdown. */
export function report({ machine, cells, many }: Figures): string {
  const parts = FRAMEWORKS.flatMap((framework) => {
    const own = cells.filter(({ contender }) => columns[contender]?.framework === framework)
    return own.length === 0
      ? []
      : [`## ${framework}`, ...tables.map(([title, show]) => `${title}:\n\n${table(own, show)}`)]
  })
  if (many.length > 0) parts.push('## Many sessions', manyTable(many))
  parts.push('## How noisy this was', noise(cells, machine))
  return parts.join('\n\n')
}

export const titleOf = ({ scenario, size }: Cell, cells: readonly Cell[]): string =>
  new Set(cells.filter((cell) => cell.scenario === scenario).map((cell) => cell.size)).size > 1
    ? `${scenario}, ${sizeOf(size)}`
    : scenario

const sizeOf = (bytes: number) => (bytes < 1000 ? `${bytes} B` : `${bytes / 1000} KB`)

function table(cells: readonly Cell[], show: Show): string {
  const heads = [...new Set(cells.map((cell) => titleOf(cell, cells)))]
  const contenders = [...new Set(cells.map(({ contender }) => contender))]
  const rows = contenders.map((contender) => [
    columns[contender]?.title ?? contender,
    ...heads.map((head) => {
      const here = cells.filter((cell) => titleOf(cell, cells) === head)
      const cell = here.find((one) => one.contender === contender)
      if (!cell) return '–'
      return (
        show(
          cell,
          here.find((one) => columns[one.contender]?.isBare),
        ) + (cell.failed > 0 ? ' (failed)' : '')
      )
    }),
  ])
  return markdown(['', ...heads], rows)
}

function manyTable(many: readonly Many[]): string {
  const raw = many.find(({ contender }) => contender.startsWith('express-raw'))
  const rows = many.map(({ contender, sessions, memory, listing }) => [
    columns[contender]?.title ?? contender,
    sessions.toLocaleString('en'),
    memory.toFixed(0),
    raw ? (memory / raw.memory).toFixed(2) : '',
    listing ? `${listing.took.toFixed(0)} ms` : '–',
    listing ? `${listing.longestCommand.toFixed(1)} ms` : '–',
    listing ? `${listing.blocked.toFixed(0)} ms` : '–',
    listing ? `${(listing.grew / 1e6).toFixed(0)} MB` : '–',
  ])
  const heads = ['', 'sessions', 'bytes each', '× raw JSON', 'listing them all', 'longest command']
  return markdown([...heads, 'event loop blocked', 'process grew'], rows)
}

function noise(cells: readonly Cell[], { node, cpus, load, date }: Figures['machine']): string {
  const spreads = cells.map(({ cpu }) => spread(cpu)).filter(Number.isFinite)
  if (spreads.length === 0) return 'Nothing was measured.'
  const percent = (part: number) => `${(100 * part).toFixed(0)} %`
  const loads = load.map((one) => one.toFixed(1)).join(', ')
  return [
    `Between the rounds of one figure lie ${percent(median(spreads))} of it (the median of all figures; ${percent(Math.max(...spreads))} at the worst).`,
    'Of two figures that differ by less, none is the better one.',
    `${date}, Node ${node}, ${cpus}; load average when it began ${loads}.`,
  ].join('\n')
}

const markdown = (heads: readonly string[], rows: readonly string[][]): string => {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0), 3))
  const line = (row: readonly string[]) =>
    `| ${row.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
