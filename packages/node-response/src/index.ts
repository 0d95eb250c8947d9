export { type Hold, holdResponse } from './hold-response.ts'
export type { AnyResponse } from './response.ts'
