export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2
}

/** A figure that was taken round by round, and how far it can be trusted. */
export interface Estimate {
  /** The median of the rounds. */
  value: number
  /** Between `low` and `high` lies the figure in nine of ten runs at least; with fewer than five rounds, all that was seen. */
  low: number
  high: number
}

/**
 * The median with its confidence interval, by the order of the rounds alone: nothing is supposed of how disturbances are
 * spread, and a few rounds that were disturbed change nothing. NaN for no rounds.
 */
export function estimate(rounds: readonly number[]): Estimate {
  const sorted = [...rounds].sort((a, b) => a - b)
  const cut = roundsToCut(sorted.length)
  return {
    value: median(sorted),
    low: sorted[cut] ?? Number.NaN,
    high: sorted.at(-1 - cut) ?? Number.NaN,
  }
}

/** As many of the highest, and of the lowest, as the median lies beyond in one of ten runs at most: by coins that fall so. */
function roundsToCut(count: number): number {
  let ways = 1
  let outside = 1
  let cut = 0
  for (let k = 1; 2 * k < count; k++) {
    ways = (ways * (count - k + 1)) / k
    outside += ways
    if ((2 * outside) / 2 ** count > 0.1) break
    cut = k
  }
  return cut
}

/** Half the width of what the figure may be. */
export const uncertainty = ({ low, high }: Estimate): number => (high - low) / 2

/** The figures of two contenders, joined round by round: what disturbed a round disturbed both. */
export function paired<T extends readonly number[][]>(
  figures: [...T],
  join: (...one: { [K in keyof T]: number }) => number,
): number[] {
  const rounds = Math.min(...figures.map(({ length }) => length))
  return Array.from({ length: rounds }, (_, i) =>
    join(...(figures.map((figure) => figure[i] ?? Number.NaN) as { [K in keyof T]: number })),
  )
}
