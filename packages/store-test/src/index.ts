export type { StoreFixture, StoreSuite } from './store-fixture.ts'
export { testSessionStore } from './test-session-store.ts'
