import { PRELUDE } from './script-prelude.ts'

/**
 * Enters a key into an index: a hash of keys, each with its rank, its deadline by the server's clock (0 for none) and a note; the
 * field without a name has the highest rank there was. Every entry looks at a few others, whoever they are, and takes out what is over:
 * an index grows with the sessions that live, not with those that ever did. What lies elsewhere on a Cluster cannot be looked at.
 * Fields of a hash that somebody else has put there mean nothing.
 * ARGV from `at`: note, deadline, whether the rank of `old` is taken over, whether all keys are here.
 */
export const ENTER = `
local function enter(index, key, at, old)
  local left = ARGV[at + 1]
  if left == '0' then return end
  local time = redis.call('TIME')
  local clock = time[1] * 1000 + math.floor(time[2] / 1000)
  local kind = redis.call('TYPE', index).ok
  if kind ~= 'hash' and kind ~= 'none' then redis.call('UNLINK', index) end
  local last = redis.call('PTTL', index)
  -- Before anything is written: users of older ACLs often lack this right.
  local some = redis.call('HRANDFIELD', index, 4, 'WITHVALUES')

  local known = redis.call('HGET', index, key)
  if not known and old and ARGV[at + 2] == '1' then known = redis.call('HGET', index, old) end
  local rank = known and string.match(known, '^%d+')
  if not rank then
    local highest = string.match(redis.call('HGET', index, '') or '', '^%d+$')
    if highest and #highest > 15 then highest = nil end
    rank = string.format('%.0f', math.max(clock, (highest or 0) + 1))
    redis.call('HSET', index, '', rank)
  end
  local isHere = ARGV[at + 3] == '1'
  if old and isHere then redis.call('HDEL', index, old) end

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
 * Enters a key that lies elsewhere.
 * KEYS: index. ARGV: key, old key (if any), entry.
 */
export const enter = `${PRELUDE}${ENTER}
enter(KEYS[1], ARGV[3], 5, ARGV[4] ~= '' and ARGV[4])
return { 'done', now }
`

/**
 * Takes keys out of an index, and the index away that lists none.
 * KEYS: index. ARGV: keys.
 */
export const leaveOut = `${PRELUDE}
for i = 3, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
if redis.call('HLEN', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[1], '') == 1 then redis.call('UNLINK', KEYS[1]) end
return { 'done', now }
`

/** All fields of an index and what they hold, by turns. */
export const members = `return redis.call('HGETALL', KEYS[1])`
