/**
 * Session cookies that others make.
 *
 * @module
 */

/** A kind of cookie, told by its looks. */
export interface ForeignKind {
  name: string
  /** What can be known of such a cookie, as a sentence. */
  about: string
}

const kinds: ReadonlyArray<ForeignKind & { matches: (value: string) => boolean }> = [
  {
    name: '@fastify/secure-session',
    about: 'It is encrypted (crypto_secretbox): nothing in it can be read without its key.',
    // The box, which is 16 bytes longer than its JSON, and a nonce of 24 bytes.
    matches: (value) => /^[\w+/-]{24,}={0,2};[\w+/-]{32}$/.test(value.replace(/%(?:2B|2F|3B|3D)/gi, decodeURIComponent))
  },
  {
    name: 'iron-session',
    about: 'It is encrypted (iron): nothing in it can be read without its password.',
    matches: (value) => value.startsWith('Fe26.2*')
  },
  {
    name: 'express-session',
    about: 'It holds a signed session id: the data is in a store on the server.',
    matches: (value) => /^s(?::|%3A)/i.test(value)
  },
  {
    name: 'JSON Web Token',
    about: 'It has the same three parts, but they are header, claims and signature.',
    matches: isJSONWebToken
  }
]

/** The kind that the value looks like; `undefined` for Flask's and all others. */
export function foreignKindOf (value: string): ForeignKind | undefined {
  return kinds.find(({ matches }) => matches(value))
}

function isJSONWebToken (value: string): boolean {
  // Where a JWT has its claims, Flask has a timestamp of a few characters.
  const header = /^(eyJ[\w-]+)\.[\w-]{12,}\./.exec(value)?.[1]
  return header !== undefined && Buffer.from(header, 'base64url').toString('latin1').includes('"alg":')
}
