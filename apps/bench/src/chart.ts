export interface Bar {
  group: string
  series: string
  value: number
}

const COLOURS = [
  ...['#9aa5b1', '#5b6f82', '#33475b', '#1f9e89', '#26828e', '#6ece58', '#d1495b', '#edae49'],
  ...['#8f6bb3', '#4a90d9', '#c97b2b', '#b8a6d9', '#7a4e2d'],
]
const BAR = 14
const GAP = 14
const LEFT = 130
const WIDTH = 760
const TOP = 34

/** A chart of horizontal bars in groups, as SVG: readable on light and dark pages alike. */
export function chart(title: string, unit: string, bars: readonly Bar[]): string {
  const groups = [...new Set(bars.map(({ group }) => group))]
  const series = [...new Set(bars.map(({ series }) => series))]
  const most = Math.max(...bars.map(({ value }) => value), 1)
  const scale = (WIDTH - LEFT - 60) / most
  const parts: string[] = []
  let y = TOP
  for (const group of groups) {
    const own = bars.filter((bar) => bar.group === group)
    const middle = y + (own.length * BAR) / 2 + 4
    parts.push(`<text x="${LEFT - 8}" y="${middle}" text-anchor="end">${escaped(group)}</text>`)
    for (const { series: name, value } of own) {
      const width = Math.max(1, value * scale).toFixed(1)
      const colour = COLOURS[series.indexOf(name) % COLOURS.length]
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR - 2}" fill="${colour}"><title>${escaped(name)}</title></rect>`,
        `<text x="${(LEFT + Number(width) + 4).toFixed(1)}" y="${y + BAR - 4}" class="value">${value.toFixed(0)}</text>`,
      )
      y += BAR
    }
    y += GAP
  }
  for (const [i, name] of series.entries()) {
    const [x, top] = [LEFT + (i % 2) * 300, y + 16 * Math.floor(i / 2)]
    parts.push(
      `<rect x="${x}" y="${top}" width="10" height="10" fill="${COLOURS[i % COLOURS.length]}"/>`,
      `<text x="${x + 16}" y="${top + 9}">${escaped(name)}</text>`,
    )
  }
  const height = y + 16 * Math.ceil(series.length / 2) + 8
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#77828d" role="img">`,
    `<title>${escaped(title)}</title>`,
    '<style>.value { font-size: 10px }</style>',
    `<text x="0" y="16" font-size="14">${escaped(`${title}, ${unit}`)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
