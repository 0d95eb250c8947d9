/** Milliseconds. */
export const MOST_LAG = 60_000

/** By how much a deadline may lag behind what a rolling read asks for: 1 % of the idle time, a minute at most. */
export const lagOf = (idleMs: number): number => Math.min(idleMs / 100, MOST_LAG)
