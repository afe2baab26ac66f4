/**
 * Several formats side by side, for moving from one to another without logging users out.
 *
 * @module
 */

import { complete } from './token-format.ts'
import type { DecodedToken, TokenFormat } from './token-format.ts'

/** The first format writes. A token is read by the first format that accepts it; what the others read is rewritten. */
export class FirstThatReads implements TokenFormat {
  readonly #own: TokenFormat
  readonly #others: ReadonlyArray<Pick<TokenFormat, 'decode'>>

  /** @param own - gives complete tokens, as `RememberedTokens` does */
  constructor (own: TokenFormat, others: ReadonlyArray<Pick<TokenFormat, 'decode'>>) {
    this.#own = own
    this.#others = others
  }

  encode (json: string, room?: number, isLimit?: boolean): string {
    return this.#own.encode(json, room, isLimit)
  }

  /** When no format accepts, returns the refusal of the one that verified the signature, or else of the first. */
  decode (token: string): DecodedToken {
    const decoded = this.#own.decode(token)
    if (decoded.ok || decoded.signedAt !== undefined) return decoded
    for (const other of this.#others) {
      const theirs = complete(other.decode(token))
      if (theirs.ok) return { ...theirs, needsRewrite: true }
      if (theirs.signedAt !== undefined) return theirs
    }
    return decoded
  }
}
