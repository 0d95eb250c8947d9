/** Two clocks kept by NTP drift apart by less than this, per millisecond. */
const DRIFT = 0.001

/** Between which of its own times a server may apply a write. */
export interface WriteWindow {
  from: number
  until: number
}

/** By how much a server's clock is ahead of ours, at least and at most. */
interface Lead {
  least: number
  most: number
}

/**
 * What a server's replies tell of its clock. A reply that shows the server's time, asked for at `sentAt` and here at
 * `receivedAt`, bounds its lead; the bounds of many replies are narrower than those of one, and widen again
 * while none comes. All times are epoch ms.
 */
export class ServerClock {
  #lead: Lead | undefined
  #learntAt = 0

  /**
   * When the server may apply a write that is sent now and given up at `notAfter`. The end goes by the least lead: a write
   * is refused a little early rather than applied late. The start, when this write had not even been sent, tells of
   * a clock that was set: without it a server's clock set back would let late writes in. Until the first reply the
   * clocks are taken to agree, and are found out by the same start when the server's is behind.
   */
  window(sentAt: number, notAfter: number): WriteWindow {
    const { least } = this.#widened(sentAt) ?? { least: 0 }
    return { from: Math.floor(sentAt + least), until: Math.floor(notAfter + least) }
  }

  learn(serverTime: number, sentAt: number, receivedAt: number): void {
    // One more on each side, for both clocks cut off parts of a millisecond.
    const heard = { least: serverTime - receivedAt - 1, most: serverTime - sentAt + 1 }
    const known = this.#widened(receivedAt) ?? heard
    const both = { least: Math.max(heard.least, known.least), most: Math.min(heard.most, known.most) }
    // Where they exclude each other a clock was set, and what was known before is void.
    this.#lead = both.least <= both.most ? both : heard
    this.#learntAt = receivedAt
  }

  #widened(now: number): Lead | undefined {
    if (!this.#lead) return undefined
    const slack = Math.max(0, now - this.#learntAt) * DRIFT
    return { least: this.#lead.least - slack, most: this.#lead.most + slack }
  }
}
