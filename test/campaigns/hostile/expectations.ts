/**
 * What we do with each entry of the corpus: as Flask, with the exceptions that stand here.
 *
 * @module
 */

import { newestAnswer } from './corpus.ts'
import type { CorpusEntry } from './corpus.ts'
import { python } from './world.ts'

export interface Expectation {
  /** What the session holds; 'some' where the corpus has the number of keys only. Empty: the cookie was refused, or empty. */
  data: Record<string, unknown> | { keys: number }
  /** The one line in the log. */
  log: 'none' | 'debug' | 'warn'
}

/** A class of entries on which we and Flask part. */
export interface Difference {
  why: string
  flask: 'data' | 'empty' | '500'
  ids: RegExp
  /** @defaultValue nothing: an empty session */
  data?: (entry: CorpusEntry) => Record<string, unknown>
  log: Expectation['log']
}

const victim = (): Record<string, unknown> => ({ user: 'victim' })

const several = 'Of several cookies of the name each is tried, and the one that was signed last counts; Flask looks at the first alone.'

export const differences: Difference[] = [
  {
    why: several,
    flask: 'empty',
    ids: /^headers: (a forged one first|three)$/,
    data: () => ({ user: 'a' }),
    log: 'debug'
  },
  {
    why: several,
    flask: 'empty',
    ids: /^headers: an empty one first$/,
    data: () => ({ user: 'a' }),
    log: 'none'
  },
  {
    why: several,
    flask: 'empty',
    ids: /^sizes: a cookie behind 2,000 names with =$/,
    data: victim,
    log: 'debug'
  },
  {
    why: several,
    flask: 'data',
    ids: /^headers: quoted value with a pair$/,
    data: () => ({ user: 'a' }),
    log: 'debug'
  },
  {
    why: 'A signature has one spelling only; other spellings of it would get past anything that knows cookies by their text.',
    flask: 'data',
    ids: /^malleability: sha\d+: (?!good$|\d space behind$)|^structure: equals sign behind|^headers: = behind/,
    log: 'debug'
  },
  {
    why: 'The value is taken as it was sent: neither quotes nor octal escapes are undone, as that would be another spelling. Neither side writes them.',
    flask: 'data',
    ids: /^structure: quoted|^headers: (__Host-: )?quoted($|, )/,
    log: 'debug'
  },
  {
    why: 'Around a value only space and tab are skipped, as browsers do; Werkzeug strips whatever Unicode calls white space.',
    flask: 'data',
    ids: /^headers: (vertical tab|NBSP|CR) (before|behind) the value/,
    log: 'debug'
  },
  {
    why: 'A timestamp has one spelling only, though just the owner of the key can write another.',
    flask: 'data',
    ids: /^malleability: signed text: time with (?!leading)/,
    log: 'debug'
  },
  {
    why: 'The base64 of a payload has one spelling only, though just the owner of the key can write another.',
    flask: 'data',
    ids: /^malleability: signed text: payload |^zlib: base64 with /,
    log: 'warn'
  },
  {
    why: 'A name must stand right before its =, and behind nothing but space and tab: white space in a name would let it pass for a __Host- name.',
    flask: 'data',
    ids: /^headers: (__Host-: )?(spaces around =|(space|tab|vertical tab|form feed|NBSP|0x1c|0x85) (before|behind) the name)$/,
    log: 'none'
  },
  {
    why: 'A name without = is no cookie, as in RFC 6265; Werkzeug takes it for an empty one, behind which the true one is not looked at.',
    flask: 'empty',
    ids: /^headers: a name alone first$/,
    data: () => ({ user: 'a' }),
    log: 'none'
  },
  {
    why: 'Clocks of servers differ: up to clockTolerance (5) seconds ahead pass.',
    flask: 'empty',
    ids: /^timestamps: (1 second ahead|5 seconds ahead|lifetime 0: a second ahead)$/,
    data: victim,
    log: 'none'
  },
  {
    why: 'A time that no date can hold is a bad signature; Flask fails with 500.',
    flask: '500',
    ids: /^timestamps: as (bytes|text): /,
    log: 'debug'
  },
  {
    why: 'A session is a JSON object: Flask makes an empty session of other empty values, and the line in the log tells that something is wrong.',
    flask: 'empty',
    ids: /^top level: (?!\{\}$)|^zlib: compressed null/,
    log: 'warn'
  },
  {
    why: 'A session is a JSON object: what dict() would make of a list of pairs is nothing that Flask writes.',
    flask: 'data',
    ids: /^top level: (\[|\{" t":\[\{)/,
    log: 'warn'
  },
  {
    why: 'Nothing may stand behind the compressed payload.',
    flask: 'data',
    ids: /^zlib: (a byte|a second stream|JSON) behind/,
    log: 'warn'
  },
  {
    why: 'What a tag contains must be of its kind, in the one form in which Flask writes it; Flask turns other things into something, or takes several forms.',
    flask: 'data',
    ids: new RegExp([
      '^tags: t: (a string|an empty string|a dict|an empty dict|two keys|bytes|markup|a dict tag|an unknown tag|__proto__)$',
      '^tags: m: (?!(a|an empty) string$)', '^tags: d: (null|an empty list|an empty dict|bytes|markup)$', '^tags: di: (a dict|two keys|a dict tag|an unknown tag)$',
      '^tags: b, (too much padding|spare bits|junk|junk behind|a newline|a space|inner padding|NUL)$',
      '^tags: u, (?!(with dashes|capitals)$)', '^tags: di, (no underscores|one letter|empty key|one underscore)$', '^tags: x is (bytes|uuid|markup|date) of '
    ].join('|')),
    log: 'warn'
  },
  {
    why: 'A date must be written as Flask writes it; any other text is null, as text is in Flask that is no date at all.',
    flask: 'data',
    ids: /^tags: d, (?!year 1$|good$|garbage$)/,
    data: () => ({ x: null }),
    log: 'none'
  },
  {
    why: 'The first years are what they say; the parser that Flask uses takes year 1 for 2001.',
    flask: 'data',
    ids: /^tags: d, year 1$/,
    data: () => ({ x: new Date('0001-01-01T00:00:00Z') }),
    log: 'none'
  },
  {
    why: 'Lists and objects of the JSON text may be nested 256 deep, in both directions; a tuple and a tagged dict are two of them.',
    flask: 'data',
    ids: /^nesting: (200 (tuples|dict tags)|(256|260|400) (lists|dicts))$/,
    log: 'warn'
  },
  {
    why: 'A payload has at most 256 KiB of JSON, in both directions.',
    flask: 'data',
    ids: /^sizes: (one byte over inflated|(1 MiB|3 MB|16 MiB) inflated|the limit in characters|4 MiB of spaces|300,000 bytes)/,
    log: 'warn'
  },
  {
    why: 'There is no cookie of that name, or it is empty, or it holds an empty session.',
    flask: 'empty',
    ids: new RegExp([
      '^structure: (nothing|no cookie|empty header|good, without a key here)$', '^zlib: empty dict$', '^top level: {}$',
      '^sizes: (16,000 (spaces|semicolons|tabs)|2,000 (names|other pairs|open quotes|empty pairs))$',
      '^headers: ((percent-encoded|longer|full-width) name|plus in the name|long s|no name|LF between|__Host- name here|name (of|with) .*)',
      '^headers: (__Host-: )?(name in capitals|\\$ before|.* in UTF-8 before the name|(BOM|zero-width space|U.2028|NUL) (before|behind) the name)$',
      '^headers: __Host-: (small letters|the plain name|__Secure- name)$', "^confusion: the cookie under another app's name$"
    ].join('|')),
    log: 'none'
  }
]

const reading = 'What Flask reads, we read, and it is the same.'
const refusing = 'What Flask refuses, we refuse.'
const failing = 'What has a valid signature but cannot be read is an empty session and a warning; Flask fails with 500.'

/** The class of an entry, for tables. */
export function reasonFor (entry: CorpusEntry): string {
  const { outcome } = newestAnswer(entry)
  return differenceFor(entry)?.why ?? (outcome === 'data' ? reading : outcome === 'empty' ? refusing : failing)
}

export function differenceFor (entry: CorpusEntry): Difference | undefined {
  const { outcome } = newestAnswer(entry)
  return differences.find(({ flask, ids }) => flask === outcome && ids.test(entry.id))
}

export function expectationFor (entry: CorpusEntry): Expectation {
  const answer = newestAnswer(entry)
  const difference = differenceFor(entry)
  if (difference !== undefined) return { data: difference.data?.(entry) ?? {}, log: difference.log }
  switch (answer.outcome) {
    case 'data': return { data: answer.data === undefined ? { keys: answer.length as number } : python.decode(answer.data) as Record<string, unknown>, log: 'none' }
    case 'empty': return { data: {}, log: 'debug' }
    case '500': return { data: {}, log: 'warn' }
  }
}
