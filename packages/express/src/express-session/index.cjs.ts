import { session } from './express-session.ts'

/** `require('@tegata/express/express-session')` is the function itself. */
export default session
