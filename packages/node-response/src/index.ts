export { type Hold, holdResponse } from './hold-response.ts'
export { type Kept, type MessageSlot, messageSlot } from './message-slot.ts'
export type { AnyResponse } from './response.ts'
