import type { SessionEvent, SessionListener } from './events.ts'
import { KeyQueue } from './key-queue.ts'
import type { ResolvedSessionOptions } from './options.ts'

/** What all requests of a manager share. */
export interface Runtime extends ResolvedSessionOptions {
  readonly commits: KeyQueue
  emit(event: SessionEvent): void
}

export function createRuntime(options: ResolvedSessionOptions): Runtime {
  // Of a finer clock, what is stored and read again would not be the same moment.
  const now = () => Math.floor(options.now())
  return { ...options, now, commits: new KeyQueue(), emit: (event) => tell(options.onEvent, event) }
}

/** The same for one request, of which somebody else is told too. */
export function listenedTo(runtime: Runtime, request: { onEvent?: SessionListener | undefined }): Runtime {
  // Made for every request: what is the same for all of them is not copied.
  const listened: Runtime = Object.create(runtime)
  listened.emit = (event) => {
    runtime.emit(event)
    tell((told) => request.onEvent?.(told), event)
  }
  return listened
}

function tell(onEvent: SessionListener, event: SessionEvent): void {
  try {
    onEvent(event)
  } catch (error) {
    // A broken log line must not break a login.
    console.error('Tegata: the option `onEvent` threw.', error)
  }
}
