import type { SessionStore } from '@tegata/core'

/** A store whose `replace` asks for nothing: whatever is at the key, or is not, the value is there afterwards. */
export function overwriting(store: SessionStore): SessionStore {
  return {
    name: store.name,
    supports: { ...store.supports, conditional: false, owners: false },
    read: (...args) => store.read(...args),
    create: (...args) => store.create(...args),
    rotate: (...args) => store.rotate(...args),
    touch: (...args) => store.touch(...args),
    destroy: (...args) => store.destroy(...args),

    async replace(key, value, expiresAt, _expected, options) {
      const answer = await store.replace(key, value, expiresAt, undefined, options)
      if (answer instanceof Error || answer.outcome !== 'gone') return answer
      await store.create(key, value, expiresAt, options)
      return { outcome: 'replaced' }
    },
  }
}
