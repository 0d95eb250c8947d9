/**
 * The verbs that one plain command cannot do, each atomic in one round trip. Every script answers
 * `[outcome, the server's time in epoch ms (0 where it did not look), …]`. Those that write begin alike:
 *
 * - ARGV[1], ARGV[2]: between which of its own times the server may write; empty when the caller waits for ever. A write
 *   that its client or a frozen server held back is refused, not applied after its request was told of a failure. It is asked
 *   last: a write that an earlier try has applied is reported as such, however late it is.
 * - Deadlines are milliseconds left: empty for none, `0` for one that has passed.
 * - Another Redis type under a session's key is answered as `invalid` and left alone.
 * - What a key is expected to hold is told as a whole, by how it begins, or by 16 characters of salt and SHA-1 of salt and value.
 */
const PRELUDE = `
local now = 0
local function late()
  if ARGV[1] == '' then return false end
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  return now < tonumber(ARGV[1]) or now > tonumber(ARGV[2])
end
local function put(key, value, left)
  if left == '' then redis.call('SET', key, value)
  elseif left == '0' then redis.call('UNLINK', key)
  else redis.call('SET', key, value, 'PX', left) end
end
local function state(key, form, expected)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return 'gone' end
  if kind ~= 'string' then return 'invalid' end
  if form == 'any' then return 'match' end
  local there
  if form == 'digest' then
    local salt = string.sub(expected, 1, 16)
    there = salt .. redis.sha1hex(salt .. redis.call('GET', key))
  elseif form == 'whole' then there = redis.call('GET', key)
  else there = redis.call('GETRANGE', key, 0, #expected - 1) end
  if there == expected then return 'match' end
  return 'conflict'
end
`

/**
 * Enters a key into an index: a hash of keys, each with its rank, its deadline by the server's clock (0 for none) and a note; the
 * field without a name has the highest rank there was. Every entry looks at a few others, whoever they are, and takes out what is over:
 * an index grows with the sessions that live, not with those that ever did. What lies elsewhere on a Cluster cannot be looked at.
 * ARGV from `at`: note, deadline, whether the rank of `old` is taken over, whether all keys are here.
 */
const ENTER = `
local function enter(index, key, at, old)
  local left = ARGV[at + 1]
  if left == '0' then return end
  local time = redis.call('TIME')
  local clock = time[1] * 1000 + math.floor(time[2] / 1000)
  local kind = redis.call('TYPE', index).ok
  if kind ~= 'hash' and kind ~= 'none' then redis.call('UNLINK', index) end
  local last = redis.call('PTTL', index)

  local known = redis.call('HGET', index, key)
  if not known and old and ARGV[at + 2] == '1' then known = redis.call('HGET', index, old) end
  local rank = known and string.match(known, '^%d+')
  if not rank then
    rank = string.format('%.0f', math.max(clock, (redis.call('HGET', index, '') or 0) + 1))
    redis.call('HSET', index, '', rank)
  end
  local isHere = ARGV[at + 3] == '1'
  if old and isHere then redis.call('HDEL', index, old) end

  local some = redis.call('HRANDFIELD', index, 4, 'WITHVALUES')
  for i = 1, #some, 2 do
    local ends = tonumber(string.match(some[i + 1], '^%d+ (%d+)'))
    local isOver = ends and ends > 0 and ends <= clock
    if ends and isHere and redis.call('TYPE', some[i]).ok == 'none' then isOver = true end
    if isOver then redis.call('HDEL', index, some[i]) end
  end

  local ends = left == '' and '0' or string.format('%.0f', clock + left)
  redis.call('HSET', index, key, rank .. ' ' .. ends .. ' ' .. ARGV[at])
  if left == '' then redis.call('PERSIST', index)
  elseif last == -2 or (last >= 0 and last < tonumber(left)) then redis.call('PEXPIRE', index, left) end
end
`

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
 * Enters a key that lies elsewhere.
 * KEYS: index. ARGV: key, old key (if any), entry.
 */
const enter = `${PRELUDE}${ENTER}
enter(KEYS[1], ARGV[3], 5, ARGV[4] ~= '' and ARGV[4])
return { 'done', now }
`

/** All fields of an index. */
const members = `
return { 'found', 0, redis.call('HGETALL', KEYS[1]) }
`

/**
 * Takes keys out of an index, and the index away that lists none.
 * KEYS: index. ARGV: keys.
 */
const leaveOut = `${PRELUDE}
for i = 3, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
if redis.call('HLEN', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], '') == 1 then redis.call('UNLINK', KEYS[1]) end
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

/**
 * A read that slides the deadline as fields of the value say: a GET and a PEXPIRE in two commands would let a
 * logout between them be answered as alive, and cost a second round trip.
 * ARGV: our time, least move worth a write, then offset and length of the fields `idle` and `until`.
 */
const readExtending = `
local value = redis.pcall('GET', KEYS[1])
if not value then return { 'gone', 0 } end
if type(value) == 'table' then
  if string.find(value.err, 'WRONGTYPE', 1, true) then return { 'invalid', 0 } end
  return value
end
local function field(offset, length)
  local text = string.sub(value, ARGV[offset] + 1, ARGV[offset] + ARGV[length])
  if #text == tonumber(ARGV[length]) and string.match(text, '^%w+$') then return tonumber(text, 36) end
end
local idle, last = field(5, 6), field(7, 8)
if idle and last then
  local target = math.ceil(math.min(idle * 1000, last - ARGV[3]))
  if target <= 0 then
    redis.call('UNLINK', KEYS[1])
    return { 'gone', 0 }
  end
  local least = tonumber(ARGV[4])
  local left = least > 0 and redis.call('PTTL', KEYS[1]) or -1
  if left < 0 or math.abs(target - left) >= least then
    redis.call('PEXPIRE', KEYS[1], target)
    left = target
  end
  return { 'found', 0, value, left }
end
return { 'found', 0, value, redis.call('PTTL', KEYS[1]) }
`

/** A value and the time it has left, of the same moment. */
const readWithDeadline = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { 'gone', 0 } end
if kind ~= 'string' then return { 'invalid', 0 } end
return { 'found', 0, redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) }
`

export const scripts = {
  readExtending,
  readWithDeadline,
  create,
  replace,
  rotate,
  leave,
  undo,
  enter,
  members,
  leaveOut,
  touch,
  destroy,
}

export type ScriptName = keyof typeof scripts
