import type { SessionEvent } from './events.ts'
import { KeyQueue } from './key-queue.ts'
import type { ResolvedSessionOptions } from './options.ts'

/** What all requests of a manager share. */
export interface Runtime extends ResolvedSessionOptions {
  readonly commits: KeyQueue
  emit(event: SessionEvent): void
}

export function createRuntime(options: ResolvedSessionOptions): Runtime {
  return {
    ...options,
    commits: new KeyQueue(),
    emit(event) {
      try {
        options.onEvent(event)
      } catch (error) {
        // A broken log line must not break a login.
        console.error('Tegata: the option `onEvent` threw.', error)
      }
    },
  }
}
