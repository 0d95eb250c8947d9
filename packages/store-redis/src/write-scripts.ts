import { ENTER, enter, leaveOut } from './index-scripts.ts'
import { PRELUDE } from './script-prelude.ts'

/**
 * SET NX alone would answer "taken" to a client that sends its write again because the reply was lost.
 * KEYS: session, index (if any). ARGV: value, deadline, entry.
 */
const create = `${PRELUDE}${ENTER}
local there = state(KEYS[1], 'whole', ARGV[3])
if there == 'match' then return { 'done', now, 'there' } end
if there ~= 'gone' then return { 'taken', now } end
if late() then return { 'late', now } end
put(KEYS[1], ARGV[3], ARGV[4])
if KEYS[2] then enter(KEYS[2], KEYS[1], 5) end
return { 'done', now, 'made' }
`

/**
 * Compare and set. Between a GET and a SET another request's write would be lost, and a logout undone.
 * KEYS: session, index (if any). ARGV: value, deadline, form of the expectation, expectation, entry.
 */
const replace = `${PRELUDE}${ENTER}
local there = state(KEYS[1], ARGV[5], ARGV[6])
if there == 'conflict' then
  local current = redis.call('GET', KEYS[1])
  if current == ARGV[3] then return { 'replaced', now } end
  return { 'conflict', now, current }
end
if there ~= 'match' then return { there, now } end
if late() then return { 'late', now } end
put(KEYS[1], ARGV[3], ARGV[4])
if KEYS[2] and ARGV[4] ~= '0' then enter(KEYS[2], KEYS[1], 7) end
return { 'replaced', now }
`

/**
 * Moves a session in one step: in several, a logout in between would leave the new key alive, a crash both.
 * KEYS: old, new, index (if any). ARGV: value, deadline, form of the expectation, expectation, mark, its deadline, its lead, entry.
 */
const rotate = `${PRELUDE}${ENTER}
local there = state(KEYS[1], ARGV[5], ARGV[6])
local lead = ARGV[9]
if there ~= 'gone' and there ~= 'invalid' and lead ~= '' and redis.call('GETRANGE', KEYS[1], 0, #lead - 1) == lead then
  there = 'gone'
end
local free = state(KEYS[2], 'whole', ARGV[3])
if there ~= 'match' then
  if free == 'match' then return { 'replaced', now } end
  if there == 'conflict' then return { 'conflict', now, redis.call('GET', KEYS[1]) } end
  return { there, now }
end
if KEYS[1] == KEYS[2] or (free ~= 'gone' and free ~= 'match') then return { 'taken', now } end
if late() then return { 'late', now } end
put(KEYS[2], ARGV[3], ARGV[4])
if KEYS[3] and ARGV[4] ~= '0' then enter(KEYS[3], KEYS[2], 10, KEYS[1]) end
redis.call('UNLINK', KEYS[1])
if ARGV[7] ~= '' then put(KEYS[1], ARGV[7], ARGV[8]) end
return { 'replaced', now }
`

/**
 * The second step of a move between two slots of a Cluster: ends the old key if it still holds what is expected. A call that is
 * repeated has to tell that it was itself that ended the key, and nobody else: by the mark, or, in formats without marks,
 * by a receipt beside the key, which also tells a repeated call (`before`) from a command that a client has sent twice.
 * KEYS: old, receipt (if any). ARGV: form of the expectation, expectation, mark, its deadline, its lead, what the receipt says of
 * the move, and of the call, its milliseconds.
 */
const leave = `${PRELUDE}
local there = state(KEYS[1], ARGV[3], ARGV[4])
local lead = ARGV[7]
if there ~= 'gone' and there ~= 'invalid' and lead ~= '' and redis.call('GETRANGE', KEYS[1], 0, #lead - 1) == lead then
  return { redis.call('GET', KEYS[1]) == ARGV[5] and 'replaced' or 'gone', now }
end
if there ~= 'match' then
  local receipt = KEYS[2] and redis.call('GET', KEYS[2])
  if receipt == ARGV[8] .. ARGV[9] then return { 'replaced', now } end
  if receipt and string.sub(receipt, 1, #ARGV[8]) == ARGV[8] then return { 'before', now } end
  if there == 'conflict' then return { 'conflict', now, redis.call('GET', KEYS[1]) } end
  return { there, now }
end
if late() then return { 'late', now } end
redis.call('UNLINK', KEYS[1])
if ARGV[5] ~= '' then put(KEYS[1], ARGV[5], ARGV[6]) end
if KEYS[2] then redis.call('SET', KEYS[2], ARGV[8] .. ARGV[9], 'PX', ARGV[10]) end
return { 'replaced', now }
`

/**
 * Takes back what the first step of such a move has made.
 * ARGV: value.
 */
const undo = `${PRELUDE}
if state(KEYS[1], 'whole', ARGV[3]) == 'match' then redis.call('UNLINK', KEYS[1]) end
return { 'done', now }
`

/**
 * PEXPIRE alone would move the deadline of another type as well.
 * ARGV: deadline.
 */
const touch = `${PRELUDE}
local there = state(KEYS[1], 'any')
if there ~= 'match' then return { there, now } end
if late() then return { 'late', now } end
if ARGV[3] == '' then redis.call('PERSIST', KEYS[1])
elseif ARGV[3] == '0' then redis.call('UNLINK', KEYS[1])
else redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return { 'done', now }
`

/**
 * Ends a key and leaves a mark in the same step: between the two, a late request of the ended session could create it anew.
 * The key goes first: Redis lets a script that has already written go on when memory is short, so a logout works even then.
 * ARGV: mark, its deadline, its lead.
 */
const destroy = `${PRELUDE}
local there = state(KEYS[1], 'any')
if there == 'gone' then return { 'gone', now } end
local lead = ARGV[5]
if there == 'match' and lead ~= '' and redis.call('GETRANGE', KEYS[1], 0, #lead - 1) == lead then
  return { redis.call('GET', KEYS[1]) == ARGV[3] and 'done' or 'gone', now }
end
if late() then return { 'late', now } end
redis.call('UNLINK', KEYS[1])
if ARGV[3] ~= '' then put(KEYS[1], ARGV[3], ARGV[4]) end
return { 'done', now }
`

export const scripts = {
  create,
  replace,
  rotate,
  leave,
  undo,
  enter,
  leaveOut,
  touch,
  destroy,
}

export type ScriptName = keyof typeof scripts
