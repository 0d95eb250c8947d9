export interface Bar {
  group: string
  series: string
  kind: Kind
  value: number
}

/** Of what a bar is: a limit that nobody goes below, Tegata, or another library. Told apart by colour at the first look. */
export type Kind = keyof typeof COLOURS

const COLOURS = {
  limit: ['#b3bcc6', '#7f90a1', '#566a7f'],
  tegata: ['#1f9e89', '#26748e', '#6ece58', '#35c4c4', '#14665a', '#a5db8b'],
  other: ['#d1495b', '#edae49', '#e8949e', '#c97b2b'],
} as const
const BAR = 14
const GAP = 14
/** Of the legend. */
const ROW = 16
const LEFT = 130
const WIDTH = 760
const TOP = 34

/** A chart of horizontal bars in groups, as SVG: readable on light and dark pages alike. */
export function chart(title: string, unit: string, bars: readonly Bar[]): string {
  const groups = [...new Set(bars.map(({ group }) => group))]
  const series = [...new Set(bars.map(({ series }) => series))]
  const most = Math.max(...bars.map(({ value }) => value), 1)
  const scale = (WIDTH - LEFT - 60) / most
  const colours = coloursOf(bars)
  const parts: string[] = []
  for (const [i, name] of series.entries()) {
    const [x, top] = [(i % 3) * (WIDTH / 3), TOP + ROW * Math.floor(i / 3)]
    parts.push(
      `<rect x="${x.toFixed(0)}" y="${top}" width="10" height="10" fill="${colours.get(name)}"/>`,
      `<text x="${(x + 16).toFixed(0)}" y="${top + 9}">${escaped(name)}</text>`,
    )
  }
  let y = TOP + ROW * Math.ceil(series.length / 3) + GAP
  for (const group of groups) {
    const own = bars.filter((bar) => bar.group === group)
    const middle = y + (own.length * BAR) / 2 + 4
    parts.push(`<text x="${LEFT - 8}" y="${middle}" text-anchor="end">${escaped(group)}</text>`)
    for (const { series: name, value } of own) {
      const width = Math.max(1, value * scale).toFixed(1)
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR - 2}" fill="${colours.get(name)}"><title>${escaped(name)}</title></rect>`,
        `<text x="${(LEFT + Number(width) + 4).toFixed(1)}" y="${y + BAR - 4}" class="value">${value.toFixed(0)}</text>`,
      )
      y += BAR
    }
    y += GAP
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="12" fill="#77828d" role="img">`,
    `<title>${escaped(title)}</title>`,
    '<style>.value { font-size: 10px }</style>',
    `<text x="0" y="16" font-size="14">${escaped(`${title}, ${unit}`)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function coloursOf(bars: readonly Bar[]): Map<string, string> {
  const colours = new Map<string, string>()
  const used = { limit: 0, tegata: 0, other: 0 }
  for (const { series, kind } of bars) {
    const own = COLOURS[kind]
    if (!colours.has(series)) colours.set(series, own[used[kind]++ % own.length] as string)
  }
  return colours
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
