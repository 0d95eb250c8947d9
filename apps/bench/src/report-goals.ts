import type { Figures } from './figures.ts'
import { dropInPairs, dropInRatios, type Verdict } from './goals.ts'
import { markdown } from './markdown.ts'
import type { Estimate } from './statistics.ts'
import { sizeOf } from './words.ts'

/** The goals, what was measured, and plainly whether they are met. */
export function reportGoals(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map((verdict) => [
    verdict.goal,
    verdict.asked,
    verdict.measured ? measuredOf(verdict.measured) : `n/a: ${verdict.missing}`,
    metOf(verdict),
  ])
  const count = (met: boolean) => verdicts.filter((verdict) => verdict.met === met).length
  const missing = verdicts.length - count(true) - count(false)
  return [
    markdown(['goal', 'asked', 'measured', 'met?'], rows),
    `${count(true)} of ${verdicts.length} goals are met, ${count(false)} are not${missing > 0 ? `, ${missing} were not measured` : ''}. ` +
      'In brackets: where nine of ten runs would find the figure; "just" where the goal lies in there too.',
  ].join('\n\n')
}

function metOf({ met, isClose }: Verdict): string {
  if (met === undefined) return 'n/a'
  if (met) return isClose ? 'yes, just' : 'yes'
  return isClose ? '**no**, just' : '**no**'
}

function measuredOf({ unit, remark, ...figure }: NonNullable<Verdict['measured']>): string {
  return [
    unit ? `${ratio(figure)} ${unit}` : ratio(figure),
    ...(remark === undefined ? [] : [`(${remark})`]),
  ].join(' ')
}

const ratio = ({ value, low, high }: Estimate) =>
  low === high ? digits(value) : `${digits(value)} [${digits(low)} to ${digits(high)}]`

const digits = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(2))

/** The drop-in scenario by scenario; empty where it was not measured. */
export function reportDropIn(figures: Figures): string {
  const columns = dropInPairs.map((pair) => ({ pair, ratios: dropInRatios(figures, pair) }))
  const own = columns.filter(({ ratios }) => ratios.length > 0)
  const keys = [
    ...new Set(
      own.flatMap(({ ratios }) => ratios.map(({ scenario, size }) => `${scenario}, ${sizeOf(size)}`)),
    ),
  ]
  if (keys.length === 0) return ''
  const rows = keys.map((key) => [
    key,
    ...own.map(({ ratios }) => {
      const found = ratios.find(({ scenario, size }) => `${scenario}, ${sizeOf(size)}` === key)
      return found ? ratio(found) : '–'
    }),
  ])
  return [
    'CPU that the drop-in adds to Express / that express-session adds:',
    markdown(['', ...own.map(({ pair }) => pair.title)], rows),
  ].join('\n\n')
}
