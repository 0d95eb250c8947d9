import type { LeadingIdle, SlideFields } from '@tegata/core'

// They answer nothing for a key that is not there, `[value, milliseconds left (below 0: for ever)]`, or Redis' own error for a
// key of another type.

const READ = `
local value = redis.pcall('GET', KEYS[1])
if not value then return false end
if type(value) == 'table' then return value end`

/** A value and the time it has left, of the same moment. */
export const readWithDeadline = `${READ}
return { value, redis.call('PTTL', KEYS[1]) }
`

/**
 * A read that slides the deadline as the value says: a GET and a PEXPIRE in two commands would let a logout between
 * them be answered as alive, and cost a second round trip. Where it has moved, the value alone is answered, as it says how
 * far. Most of what a script costs Redis is arguments and replies: what it needs is in its text, and a pattern finds the rest.
 * ARGV: our time, and, if any, the least move worth a write.
 */
export const readExtending = (fields: SlideFields | LeadingIdle): string => `${READ}
${'lead' in fields ? leadingTarget(fields) : fieldsTarget(fields)}
if ARGV[2] then
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 and math.abs(target - left) < tonumber(ARGV[2]) then return { value, left } end
end
redis.call('PEXPIRE', KEYS[1], target)
return value
`

const fieldsTarget = (fields: SlideFields): string => `
local ${isIdleFirst(fields) ? 'idle, last' : 'last, idle'} = string.match(value, '${pattern(fields)}')
if not idle then return { value, redis.call('PTTL', KEYS[1]) } end
local target = math.ceil(math.min(tonumber(idle, 36) * 1000, tonumber(last, 36) - ARGV[1]))
if target <= 0 then
  redis.call('UNLINK', KEYS[1])
  return false
end`

const leadingTarget = ({ lead, otherwise }: LeadingIdle): string => `
local idle = string.match(value, '^${literal(lead)}([1-9]%d*)[,}]')
if not idle and string.find(value, '^${literal(lead)}null[,}]') then idle = '${Math.ceil(otherwise)}' end
if not idle or #idle > 15 then return { value, redis.call('PTTL', KEYS[1]) } end
local target = tonumber(idle)`

/** As it stands in a pattern in a Lua string. */
const literal = (text: string): string =>
  text.replace(/[^a-z0-9]/gi, (character) => `%\\${String(character.charCodeAt(0)).padStart(3, '0')}`)

const isIdleFirst = ({ idle, until }: SlideFields) => idle[0] < until[0]

/** Captures both fields, in the order in which they stand. */
function pattern(fields: SlideFields): string {
  const { idle, until } = fields
  const [[at, length], [nextAt, nextLength]] = isIdleFirst(fields) ? [idle, until] : [until, idle]
  const capture = (width: number) => `(${'%w'.repeat(width)})`
  return `^${'.'.repeat(at)}${capture(length)}${'.'.repeat(nextAt - at - length)}${capture(nextLength)}`
}
