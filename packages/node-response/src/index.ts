export { type Hold, holdResponse } from './hold-response.ts'
export { type Kept, type MessageSlot, requestSlot } from './message-slot.ts'
export type { AnyResponse } from './response.ts'
export { sharedPrototype } from './shared-prototype.ts'
