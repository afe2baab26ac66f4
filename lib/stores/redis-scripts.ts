/**
 * What runs inside Redis, each on one key.
 *
 * `PXAT` and `PEXPIREAT` with a time that has passed delete a living session, so each script compares with the clock
 * of Redis first.
 *
 * @module
 * @see {@link https://redis.io/docs/latest/develop/programmability/eval-intro/}
 */

const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

// -1: there is no end; -2: there is no key. Redis 6.2 does not know PEXPIRETIME, and may be a millisecond off.
const ends = `
local ends = redis.pcall('PEXPIRETIME', KEYS[1])
if type(ends) == 'table' then
  ends = redis.call('PTTL', KEYS[1])
  if ends >= 0 then ends = ends + now end
end`

/** The data and the time at which it ends, -1 if it has no end; null if there is none. */
export const get = `${now}
local data = redis.call('GET', KEYS[1])
if not data then return false end${ends}
return { data, ends }`

/** ARGV: data, expires, and the data that must be there; without the third there must be none. */
export const set = `${now}
if not (tonumber(ARGV[2]) > now) then return 0 end
if redis.call('GET', KEYS[1]) ~= (ARGV[3] or false) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
return 1`

/** ARGV: expires. */
export const touch = `${now}${ends}
if ends == -2 then return 0 end
if ends >= 0 and tonumber(ARGV[1]) > ends then redis.call('PEXPIREAT', KEYS[1], ARGV[1]) end
return 1`

/** ARGV: nothing, or the data that must be there. */
export const remove = `
if ARGV[1] and redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/** Lists an id under a user. The list ends with its last entry. ARGV: id, expires. */
export const index = `${now}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not (tonumber(ARGV[2]) > now) then return 0 end
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
return 1`

/** ARGV: id. */
export const unindex = `
return redis.call('ZREM', KEYS[1], ARGV[1])`

/** The ids of a user, each followed by the time at which it ends. */
export const ids = `${now}
return redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now), '+inf', 'WITHSCORES')`
