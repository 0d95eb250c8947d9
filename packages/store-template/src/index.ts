export { Database, type Row } from './database.ts'
export { type TemplateStoreOptions, templateStore } from './template-store.ts'
