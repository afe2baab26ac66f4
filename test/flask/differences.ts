/**
 * Where this package and Flask differ, and why: the one list of what the differential test lets pass.
 *
 * A difference of a version never excuses another version; the test counts how often each was met.
 *
 * @module
 */

import type { Versions } from './peer.ts'

export interface Difference {
  /** What differs. */
  feature: string
  /** In which versions of Flask (or Werkzeug) it differs. */
  versions: string
  why: string
  appliesTo (versions: Versions): boolean
}

const always = { versions: 'all', appliesTo: (): boolean => true }
const before31 = { versions: 'Flask before 3.1', appliesTo: ({ flask }: Versions): boolean => isBefore(flask, [3, 1, 0]) }
const before313 = { versions: 'Flask before 3.1.3', appliesTo: ({ flask }: Versions): boolean => isBefore(flask, [3, 1, 3]) }
const from313 = { versions: 'Flask from 3.1.3 on', appliesTo: ({ flask }: Versions): boolean => !isBefore(flask, [3, 1, 3]) }
const werkzeugBefore23 = { versions: 'Werkzeug before 2.3', appliesTo: ({ werkzeug }: Versions): boolean => isBefore(werkzeug, [2, 3, 0]) }

export const differences = {
  // Flask of other versions: 3.1.3 holds.

  fallbacks: {
    ...before31,
    feature: 'SECRET_KEY_FALLBACKS',
    why: 'the key came with Flask 3.1; before, a cookie of an old key is refused'
  },
  partitioned: {
    ...before31,
    feature: 'SESSION_COOKIE_PARTITIONED',
    why: 'the key came with Flask 3.1; before, neither Partitioned nor the Secure that it forces is sent'
  },
  varyOfLooks: {
    ...before313,
    feature: 'Vary: Cookie after in, len, bool, iteration, keys, values, items and a pop of nothing',
    why: 'CVE-2026-27205: these did not count as an access'
  },
  domainDot: {
    ...werkzeugBefore23,
    feature: 'the leading dot of SESSION_COOKIE_DOMAIN',
    why: 'Werkzeug 2.3 began to remove it; browsers always ignored it'
  },
  domainWithoutDot: {
    ...werkzeugBefore23,
    feature: 'SESSION_COOKIE_DOMAIN without a dot in it, as localhost',
    why: 'an error before Werkzeug 2.3'
  },
  pathQuoting: {
    ...werkzeugBefore23,
    feature: 'characters of SESSION_COOKIE_PATH that are percent-encoded',
    why: 'Werkzeug before 2.3 takes the path for a URL with query and fragment, and encodes other characters of it'
  },

  // This package, on purpose.

  nestedChanges: {
    ...always,
    feature: 'modified after a change inside of a value',
    why: 'noticed here; Flask sends no cookie until the application sets modified'
  },
  flagsAreNoAccess: {
    ...from313,
    feature: 'Vary: Cookie after a look at modified, new or accessed alone',
    why: 'Flask counts every use of the session object, here the data must have been read or written'
  },
  clockTolerance: {
    ...always,
    feature: 'a cookie from up to 5 seconds ahead',
    why: 'passes here, as two servers one second apart would log users out'
  },
  overflow: {
    ...always,
    feature: 'a Set-Cookie longer than MAX_COOKIE_SIZE',
    why: 'an error here, or a refresh that is left out, so that the client keeps its old cookie; Flask warns and sends it'
  },
  strictSpelling: {
    ...always,
    feature: 'a signature whose last character has other unused bits',
    why: 'one token has one spelling here; Python ignores those bits'
  },
  otherDigest: {
    ...always,
    feature: 'a list for digestMethod',
    why: 'Flask knows one digest, so it cannot read cookies of the second'
  },
  wholeFloats: {
    ...always,
    feature: 'a whole float (1.0) that was moved or written by the application',
    why: 'JavaScript has one kind of number; a float that is only carried along stays one'
  },
  permanentIsBoolean: {
    ...always,
    feature: 'session.permanent where _permanent is no boolean',
    why: 'Flask returns the value of the key, here it is a boolean'
  },
  indexKeys: {
    ...always,
    feature: 'the order of keys such as "0" and "42"',
    why: 'JavaScript puts them before all others, Python keeps the order in which they came'
  },
  domainCase: {
    ...always,
    feature: 'capital letters in SESSION_COOKIE_DOMAIN',
    why: 'sent in lower case here; domains have no case'
  },
  nullSessionFlag: {
    ...always,
    feature: 'modified = True without a secret key',
    why: 'a write here, so it says what is missing; Flask lets it pass and saves nothing'
  },

  // On purpose too; random sessions keep away from these, differences.test.ts shows them.

  permanentTruth: {
    ...always,
    feature: 'session.permanent where _permanent is an empty list, dict, tuple, bytes or Markup, or NaN',
    why: 'what is true is decided by JavaScript here, by Python in Flask'
  },
  earlyYears: {
    ...always,
    feature: 'dates of the years 1 to 99',
    why: 'Python reads their years as ones of the 20th or 21st century'
  },
  quotedCookie: {
    ...always,
    feature: 'a cookie in double quotes',
    why: 'one token has one spelling here; Werkzeug removes the quotes'
  },
  unreadable: {
    ...always,
    feature: 'a valid signature over something that is no dict',
    why: 'an empty session and a warning here, an error 500 in Flask'
  },
  memberKeys: {
    ...always,
    feature: 'a key with the name of a member, as get or keys, read as a property',
    why: 'is the member here; get and set reach the key'
  }
} satisfies Record<string, Difference>

export type DifferenceName = keyof typeof differences

/** How often each difference was met. */
export class Tally {
  readonly counts: Map<DifferenceName, number> = new Map()
  readonly #versions: Versions

  constructor (versions: Versions) {
    this.#versions = versions
  }

  /** Whether this Flask is known to differ so. */
  knows (name: DifferenceName): boolean {
    return differences[name].appliesTo(this.#versions)
  }

  /** Lets the difference pass, where this Flask is known to differ so. */
  excuse (name: DifferenceName): boolean {
    if (!this.knows(name)) return false
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    return true
  }
}

function isBefore (version: string, [major, minor, patch]: readonly [number, number, number]): boolean {
  const [a = 0, b = 0, c = 0] = version.split('.').map(Number)
  return a !== major ? a < major : b !== minor ? b < minor : c < patch
}
