/**
 * How many requests of a session of `size` bytes take about as long as `requests` of a small one: as many up to 10 KB, then fewer the
 * larger it is, a tenth at the least.
 */
export const requestsFor = (requests: number, size: number): number =>
  Math.ceil(requests * Math.min(1, Math.max(0.1, 10_000 / size)))
