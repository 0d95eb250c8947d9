import type { SessionEvent, SessionListener } from './events.ts'
import { KeyQueue } from './key-queue.ts'
import type { ResolvedSessionOptions } from './options.ts'

/** What all requests of a manager share. */
export interface Runtime extends ResolvedSessionOptions {
  readonly commits: KeyQueue
  emit(event: Happening): void
}

/** What happened. An event with a handle, which is a hash, comes as a function: it is called where somebody listens. */
type Happening = Exclude<SessionEvent, { handle: string }> | (() => SessionEvent)

export function createRuntime(options: ResolvedSessionOptions): Runtime {
  // Of a finer clock, what is stored and read again would not be the same moment.
  const now = () => Math.floor(options.now())
  const { onEvent } = options
  const warn = warnOnce()
  return {
    ...options,
    now,
    commits: new KeyQueue(),
    emit(event) {
      if (onEvent) tell(onEvent, made(event))
      else if (typeof event !== 'function') warn(event)
    },
  }
}

/** The same for one request, of which somebody else is told too. */
export function listenedTo(runtime: Runtime, request: { onEvent?: SessionListener | undefined }): Runtime {
  // Made for every request: what is the same for all of them is not copied.
  const listened: Runtime = Object.create(runtime)
  listened.emit = (event) => {
    const happened = made(event)
    runtime.emit(typeof event === 'function' ? () => happened : event)
    tell((told) => request.onEvent?.(told), happened)
  }
  return listened
}

const made = (event: Happening): SessionEvent => (typeof event === 'function' ? event() : event)

function tell(onEvent: SessionListener, event: SessionEvent): void {
  try {
    onEvent(event)
  } catch (error) {
    // A broken log line must not break a login.
    console.error('Tegata: the option `onEvent` threw.', error)
  }
}

/** Where nobody listens: what makes every login fail without a trace is worth a line. */
function warnOnce(): (event: SessionEvent) => void {
  let hasWarned = false
  return (event) => {
    if (event.type !== 'insecure-cookie' || hasWarned) return
    hasWarned = true
    console.warn(
      `Tegata: the cookie '${event.name}' is Secure, but the request does not look as if it came over HTTPS; ` +
        'browsers drop such a cookie. Behind a proxy, tell the framework to trust it.',
    )
  }
}
