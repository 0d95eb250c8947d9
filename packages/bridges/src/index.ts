export {
  type ConnectStoreMethods,
  type ExpressSessionStoreOptions,
  expressSessionStore,
} from './express-session-store.ts'
export { type FastifySessionStore, fastifySessionStore } from './fastify-session-store.ts'
export { type KoaSessionStore, koaSessionStore } from './koa-session-store.ts'
export type { BridgeOptions } from './options.ts'
