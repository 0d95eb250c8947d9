interface Emitter<Event> {
  on(event: Event, listener: () => void): unknown
  off(event: Event, listener: () => void): unknown
}

interface Shared {
  calls: Set<() => void>
  tell(): void
}

const shared = new WeakMap<object, Shared>()

/**
 * Calls `call` at each of these events of a client, until the returned function is called. For one client the events are always
 * the same, with one listener for all calls: Node warns of more than ten, and a Cluster may have as many primaries.
 */
export function onEach<Event>(
  client: Emitter<Event>,
  events: readonly Event[],
  call: () => void,
): () => void {
  const { calls, tell } = shared.get(client) ?? listen(client, events)
  calls.add(call)
  return () => {
    if (!calls.delete(call) || calls.size > 0) return
    shared.delete(client)
    for (const event of events) client.off(event, tell)
  }
}

function listen<Event>(client: Emitter<Event>, events: readonly Event[]): Shared {
  const calls = new Set<() => void>()
  const tell = () => {
    for (const call of [...calls]) call()
  }
  const made = { calls, tell }
  shared.set(client, made)
  for (const event of events) client.on(event, tell)
  return made
}
