export * from './errors.ts'
export type * from './format.ts'
export type * from './store.ts'
