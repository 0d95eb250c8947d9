import type { SessionEvent, SessionListener } from './events.ts'
import { KeyQueue } from './key-queue.ts'
import type { ResolvedSessionOptions } from './options.ts'

/** What all requests of a manager share. */
export interface Runtime extends ResolvedSessionOptions {
  readonly commits: KeyQueue
  emit(event: SessionEvent): void
}

export function createRuntime(options: ResolvedSessionOptions): Runtime {
  return { ...options, commits: new KeyQueue(), emit: (event) => tell(options.onEvent, event) }
}

/** The same for one request, of which somebody else is told too. */
export function listenedTo(runtime: Runtime, onEvent: SessionListener): Runtime {
  return {
    ...runtime,
    emit(event) {
      runtime.emit(event)
      tell(onEvent, event)
    },
  }
}

function tell(onEvent: SessionListener, event: SessionEvent): void {
  try {
    onEvent(event)
  } catch (error) {
    // A broken log line must not break a login.
    console.error('Tegata: the option `onEvent` threw.', error)
  }
}
