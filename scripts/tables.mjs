// Puts what the tests have written down (`conformance.json`, `costs.json`) into the tables of the documents: `npm run tables`.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('..', import.meta.url)
export const documents = ['README.md', 'docs/redis.md']

const read = (url) => JSON.parse(readFileSync(url, 'utf8'))
const distinct = (values) => [...new Set(values)]

/** Aligned, as the formatter has it. */
function table(head, rows) {
  const widths = head.map((_, at) => Math.max(3, ...[head, ...rows].map((cells) => cells[at].length)))
  const line = (cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** Stores and clients downwards, topologies across, and how many cases of the suite passed. */
function conformance() {
  const rows = readdirSync(new URL('packages', root))
    .map((name) => [name, new URL(`packages/${name}/conformance.json`, root)])
    .filter(([, url]) => existsSync(url))
    .flatMap(([store, url]) => read(url).map((row) => ({ store, ...row })))
  const topologies = distinct(rows.map(({ topology }) => topology))
  const clients = distinct(rows.map(({ store, client }) => `${store} | ${client}`))
  const cell = (line, topology) => {
    const row = rows.find((one) => `${one.store} | ${one.client}` === line && one.topology === topology)
    if (!row) return ''
    return row.notTested ? `${row.passed} of ${row.passed + row.notTested}` : String(row.passed)
  }
  return table(
    ['store', 'client', ...topologies],
    clients.map((line) => [...line.split(' | '), ...topologies.map((topology) => cell(line, topology))]),
  )
}

/** Requests downwards, topologies across: commands, bytes to Redis, bytes back. Clients share a cell where they agree. */
function costs() {
  const rows = read(new URL('apps/every-redis/costs.json', root))
  const topologies = distinct(rows.map(({ topology }) => topology))
  const cell = (request, topology) => {
    const there = rows.filter((row) => row.request === request && row.topology === topology)
    const told = ({ commands, input, output }) => `${commands}: ${input} / ${output}`
    const answers = distinct(there.map(told))
    return answers.length === 1 ? answers[0] : there.map((row) => `${told(row)} (${row.client})`).join('; ')
  }
  return table(
    ['request', ...topologies],
    distinct(rows.map(({ request }) => request)).map((request) => [
      request,
      ...topologies.map((topology) => cell(request, topology)),
    ]),
  )
}

const withTable = (text, name, content) =>
  text.replace(
    new RegExp(`(<!-- table: ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`),
    (_, begin, end) => `${begin}\n${content}\n\n${end}`,
  )

/** The text of a document, and what it would be with the tables as the tests wrote them. */
export function tables(document) {
  const text = readFileSync(new URL(document, root), 'utf8')
  return {
    committed: text,
    made: withTable(withTable(text, 'conformance', conformance()), 'costs', costs()),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const document of documents) writeFileSync(new URL(document, root), tables(document).made)
}
