/**
 * How all scripts that write begin. They are the verbs that one plain command cannot do, each atomic in one round trip, and answer
 * `[outcome, the server's time in epoch ms (0 where it did not look), …]`.
 *
 * - ARGV[1], ARGV[2]: between which of its own times the server may write; empty when the caller waits for ever. A write
 *   that its client or a frozen server held back is refused, not applied after its request was told of a failure. It is asked
 *   last: a write that an earlier try has applied is reported as such, however late it is.
 * - Deadlines are milliseconds left: empty for none, `0` for one that has passed.
 * - Another Redis type under a session's key is answered as `invalid` and left alone. A text that cannot be read, for want of a
 *   right, is an error and no conflict, which would be tried again and again.
 * - What a key is expected to hold is told as a whole, by how it begins, or by 16 characters of salt and SHA-1 of salt and value.
 */
export const PRELUDE = `
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
  local there
  if form == 'stamp' then there = redis.pcall('GETRANGE', key, 0, #expected - 1)
  elseif form ~= 'any' then there = redis.pcall('GET', key) end
  if there == false then return 'gone' end
  if form == 'digest' and type(there) == 'string' then
    local salt = string.sub(expected, 1, 16)
    there = salt .. redis.sha1hex(salt .. there)
  end
  if there and there == expected then return 'match' end
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return 'gone' end
  if kind ~= 'string' then return 'invalid' end
  if type(there) == 'table' then
    if form == 'stamp' then redis.call('GETRANGE', key, 0, 0) else redis.call('GET', key) end
  end
  return form == 'any' and 'match' or 'conflict'
end
`
