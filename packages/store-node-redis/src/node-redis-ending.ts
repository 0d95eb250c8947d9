interface Closable {
  on(event: string, listener: () => void): unknown
  readonly isOpen: boolean
  destroy(): unknown
}

/**
 * What ends a client that is about to be connected. One whose socket is on its way ends when that is there: node-redis forgets
 * about it, and would leave it open for good. A client of Sentinels knows better.
 */
export function endingOf(client: Closable): () => void {
  const isSentinel = 'getSentinelNode' in client
  let isOnItsWay = !isSentinel
  let isEnded = false
  const destroy = () => {
    if (client.isOpen) client.destroy()
  }
  const arrived = () => {
    isOnItsWay = false
    // Not in the middle of what node-redis does about it.
    if (isEnded) setImmediate(destroy)
  }
  client.on('connect', arrived)
  client.on('error', arrived)
  client.on('reconnecting', () => {
    isOnItsWay = !isSentinel
  })
  return () => {
    isEnded = true
    if (!isOnItsWay) destroy()
  }
}
