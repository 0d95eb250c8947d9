import type { Contender } from '../contender.ts'

/** A column of the tables. A new one is a file beside this one, and a line here. */
export interface Column {
  framework: 'Express' | 'Koa' | 'Fastify'
  /** What it is in words. */
  title: string
  /** The framework alone, that the others of it are compared with. */
  isBare?: true
  /** Its sessions lie in the process, or in the cookie, if there are any. */
  hasNoStore?: true
  /** Its store is worth a look when it holds very many sessions: their memory, and listing them. */
  holdsMany?: true
  load(): Promise<{ contender: Contender }>
}

export const columns: Record<string, Column> = {
  'express-bare': {
    framework: 'Express',
    title: 'Express alone',
    isBare: true,
    hasNoStore: true,
    load: () => import('./express-bare.ts'),
  },
  'express-raw-ioredis': {
    framework: 'Express',
    title: 'one raw ioredis command per need',
    holdsMany: true,
    load: () => import('./express-raw-ioredis.ts'),
  },
  'express-raw-node-redis': {
    framework: 'Express',
    title: 'one raw node-redis command per need',
    load: () => import('./express-raw-node-redis.ts'),
  },
  'express-tegata-ioredis': {
    framework: 'Express',
    title: 'Tegata, ioredis',
    holdsMany: true,
    load: () => import('./express-tegata-ioredis.ts'),
  },
  'express-tegata-node-redis': {
    framework: 'Express',
    title: 'Tegata, node-redis',
    load: () => import('./express-tegata-node-redis.ts'),
  },
  'express-tegata-near': {
    framework: 'Express',
    title: 'Tegata, ioredis, near cache',
    load: () => import('./express-tegata-near.ts'),
  },
  'express-session': {
    framework: 'Express',
    title: 'express-session, connect-redis',
    holdsMany: true,
    load: () => import('./express-session.ts'),
  },
  'drop-in-connect-redis': {
    framework: 'Express',
    title: 'Tegata drop-in, connect-redis',
    load: () => import('./drop-in-connect-redis.ts'),
  },
  'drop-in-tegata': {
    framework: 'Express',
    title: 'Tegata drop-in, node-redis',
    load: () => import('./drop-in-tegata.ts'),
  },
  'express-session-memory': {
    framework: 'Express',
    title: 'express-session, MemoryStore',
    hasNoStore: true,
    load: () => import('./express-session-memory.ts'),
  },
  'drop-in-memory': {
    framework: 'Express',
    title: 'Tegata drop-in, MemoryStore',
    hasNoStore: true,
    load: () => import('./drop-in-memory.ts'),
  },
  'iron-session': {
    framework: 'Express',
    title: 'iron-session (no store)',
    hasNoStore: true,
    load: () => import('./iron-session.ts'),
  },
  'koa-bare': {
    framework: 'Koa',
    title: 'Koa alone',
    isBare: true,
    hasNoStore: true,
    load: () => import('./koa-bare.ts'),
  },
  'koa-tegata': {
    framework: 'Koa',
    title: 'Tegata, ioredis',
    load: () => import('./koa-tegata.ts'),
  },
  'koa-session': {
    framework: 'Koa',
    title: 'koa-session, ioredis',
    holdsMany: true,
    load: () => import('./koa-session.ts'),
  },
  'fastify-bare': {
    framework: 'Fastify',
    title: 'Fastify alone',
    isBare: true,
    hasNoStore: true,
    load: () => import('./fastify-bare.ts'),
  },
  'fastify-session': {
    framework: 'Fastify',
    title: '@fastify/session, connect-redis',
    holdsMany: true,
    load: () => import('./fastify-session.ts'),
  },
}
