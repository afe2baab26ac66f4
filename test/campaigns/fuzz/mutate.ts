/**
 * Changes of a gene: of its letters, or of the JSON in it.
 *
 * @module
 */

import type { Gene } from './gene.ts'

/** Random numbers that a seed repeats (mulberry32). */
export class Random {
  #state: number

  constructor (seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to 1, without 1. */
  next (): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  below (limit: number): number {
    return Math.floor(this.next() * limit)
  }

  pick <T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  chance (probability: number): boolean {
    return this.next() < probability
  }
}

/** Longer ones are cut: what length does is the corpus' business. */
const longest = 3000

const letters = [...'.=-_+/%"\\ \t;,:{}[]0123456789abcdefABCDEFxXeENn\0\x0b\x1f\x7f\x80\x85\xa0\xc3\xe9\xff']
const headerWords = ['session', 'session=', '; ', ';', '__Host-session=', '=', ' = ', '"', '\\056', '\\"', '%2E', '$Version=1; ', 'x=1; ', 'Session=', '\xa0', '\x0b', ',', 'session; ', '==', '....', 'A'.repeat(27)]
const hexadecimal = '0123456789abcdef0123456789abcdef'
/** Pieces of JSON that stand for a whole value. */
const values = [
  'null', 'true', 'false', '0', '-0', '-0.0', '1', '1.0', '1.5', '-1', '1e5', '1E5', '1e22', '1e400', '-1e400', '1e-400', '5e-324', '0.1', '1e0', '100e-2', '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993',
  '12345678901234567890', '9007199254740993.0', '1' + '0'.repeat(308), '1' + '0'.repeat(309), '1.' + '0'.repeat(40), '0.' + '1'.repeat(40), 'NaN', 'Infinity', '-Infinity', 'nan', '-NaN', '01', '+1', '.5', '1.', '0x1', '""', '"a"', '"NaN"', '"1.0"', '"number "', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"',
  '"\\ud83d\\ude00"', '"\\u0041"', '"\\""', '"\\\\"', '"\xc3\xa9"', '"\xff"', '"\xed\xa0\x80"', '"\t"', '"\x7f"', '[]', '[1]', '[1.0]', '[[]]', '[1,2,3]', '{}', '{"a":1}', '{"a":1.0}', '{"a":1,"a":2}', '{"a":1.0,"a":1}', '{"":1}', '{"__proto__":{"admin":true}}', '{"__proto__":1.0}', '{"constructor":{"prototype":1}}',
  '{"toJSON":1}', '{"__html__":"x"}', '{"then":1}', '{"length":3}', '{"1":1,"0":2}', '{" t":[]}', '{" t":[1.0]}', '{" t":[{" t":[]}]}', '{" t":""}', '{" t":{}}', '{" b":""}', '{" b":"YQ=="}', '{" b":"YQ"}', '{" b":"_-8="}', '{" b":"/+8="}', '{" b":"YR=="}', '{" m":"<b>"}', '{" m":1}',
  `{" u":"${hexadecimal}"}`, '{" u":"01234567-89ab-cdef-0123-456789abcdef"}', `{" u":"${hexadecimal.toUpperCase()}"}`, '{" u":"x"}', `{" u":"{${hexadecimal}}"}`, '{" d":"Tue, 24 May 2011 00:00:00 GMT"}', '{" d":"x"}', '{" d":"Mon, 01 Jan 0001 00:00:00 GMT"}', '{" d":"Fri, 31 Dec 9999 23:59:59 GMT"}',
  '{" d":"Thu, 29 Feb 2024 12:34:56 GMT"}', '{" d":"Thu, 30 Feb 2024 12:34:56 GMT"}', '{" d":"Tue, 24 May 2011 00:00:00 +0200"}', '{" di":{" t__":[1]}}', '{" di":{"a":1}}', '{" di":{" di__":1.0}}', '{" di":{"__":1}}', '{" di":{"__proto____":1}}', '{" di":{"a__":1,"b__":2}}', '{" di":[]}', '{" zz":1}', '{" t":[1]," b":2}', '{"_permanent":true}'
]
const tagKeys = [' t', ' b', ' m', ' u', ' d', ' di', ' zz', ' t__', '__proto__', '', 'a', ' di__']

/** The places of values in JSON text, roughly: brackets that match, strings, words. */
function spansOf (text: string): Array<[start: number, end: number]> {
  const spans: Array<[number, number]> = []
  const open: number[] = []
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]|[^\s,:[\]{}"]+/g)) {
    const [token] = match
    const end = match.index + token.length
    if (token === '[' || token === '{') open.push(match.index)
    else if (token === ']' || token === '}') spans.push([open.pop() ?? 0, end])
    else spans.push([match.index, end])
  }
  return spans
}

function mutateLetters (random: Random, text: string, words: readonly string[], other: string): string {
  const at = random.below(text.length + 1)
  const to = Math.min(text.length, at + 1 + random.below(random.chance(0.8) ? 3 : 30))
  switch (random.below(10)) {
    case 0: return text.slice(0, at) + random.pick(letters) + text.slice(at)
    case 1: return text.slice(0, at) + text.slice(to)
    case 2: return text.slice(0, at) + random.pick(letters) + text.slice(at + 1)
    case 3: return text.slice(0, to) + text.slice(at, to) + text.slice(to)
    case 4: return text.slice(0, at) + text.slice(at, to).split('').reverse().join('') + text.slice(to)
    case 5: return text.slice(0, at) + String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << random.below(8))) + text.slice(at + 1)
    case 6: return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + (random.chance(0.5) ? 1 : 0))
    case 7: return text.slice(0, at) + random.pick(words) + text.slice(random.chance(0.5) ? at : to)
    case 8: {
      const from = random.below(other.length + 1)
      return text.slice(0, at) + other.slice(from, from + 1 + random.below(60)) + text.slice(random.chance(0.5) ? at : to)
    }
    default: return random.chance(0.5) ? text.slice(0, at) : text.slice(at)
  }
}

function mutateJSON (random: Random, text: string, other: string): string {
  const spans = spansOf(text)
  if (spans.length === 0) return random.pick(values)
  const [start, end] = random.pick(spans)
  const value = text.slice(start, end)
  const replace = (by: string): string => text.slice(0, start) + by + text.slice(end)
  switch (random.below(11)) {
    case 0: case 1: case 2: return replace(random.pick(values))
    case 3: return replace(`{${JSON.stringify(random.pick(tagKeys))}:${value}}`)
    case 4: return replace(`[${value}]`)
    case 5: return replace(`{" t":[${value},${random.pick(values)}]}`)
    case 6: return replace(`{" di":{"${random.pick(tagKeys)}__":${value}}}`)
    case 7: return replace(`${value},${random.chance(0.5) ? value : random.pick(values)}`)
    case 8: {
      const others = spansOf(other)
      if (others.length === 0) return replace(random.pick(values))
      const [from, to] = random.pick(others)
      return replace(other.slice(from, to))
    }
    case 9: return replace(`{"${random.pick(['a', 'b', '0', '__proto__', 'toJSON', ' x'])}":${value},"${random.pick(['a', 'c', '1', ' t', ' b'])}":${random.pick(values)}}`)
    default: return replace(random.pick(tagKeys.map((key) => JSON.stringify(key))))
  }
}

/** A gene with one to five changes. @param other - one to take pieces from */
export function mutate (random: Random, gene: Gene, other: Gene): Gene {
  let { text } = gene
  for (let changes = 1 + random.below(random.chance(0.7) ? 2 : 5); changes > 0; changes--) {
    if (gene.layer === 'payload' && random.chance(0.75)) text = mutateJSON(random, text, other.text)
    else text = mutateLetters(random, text, gene.layer === 'payload' ? values : headerWords, other.text)
  }
  text = text.slice(0, longest)
  if (gene.layer !== 'payload') return { ...gene, text }
  return {
    ...gene,
    text,
    compress: random.chance(0.05) ? !gene.compress : gene.compress,
    age: random.chance(0.03) ? random.pick([0, 0, 1, -1, -5, -6, 2_678_400, 2_678_401, 1_700_000_000, 1_699_999_999, -253_402_300_799 + 1_700_000_000]) : gene.age
  }
}
