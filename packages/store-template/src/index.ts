export { Database, type Row, type Tables } from './database.ts'
export { type TemplateStoreOptions, templateStore } from './template-store.ts'
