/** Whether a timer can wait for so many seconds: beyond 2³¹ ms, some 24 days, it ends at once. */
export const isTimeout = (seconds: unknown): seconds is number =>
  typeof seconds === 'number' && seconds > 0 && seconds <= 2_000_000

/** In the words of an error: what `isTimeout` asks for. */
export const timeoutRange = 'a positive number of seconds, 2,000,000 at most'
