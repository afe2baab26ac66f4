/**
 * Remembers verified tokens: most requests bring one that was verified seconds ago.
 *
 * @module
 */

import { complete } from './token-format.ts'
import type { DecodedToken, TokenFormat, VerifiedToken } from './token-format.ts'

/** Characters at the end of a token, all of them of the signature: 128 bits or more. */
const tailLength = 22
/** The greatest length of all tokens and JSON texts of one generation, in characters. */
const largestGeneration = 1_048_576

/** A token and the result of verifying it. */
interface Known {
  readonly token: string
  readonly verified: VerifiedToken
}

/**
 * Tokens of about the same age by their tails; `null` for one that came once. With whole tokens as keys, V8 would hash
 * all of each token.
 */
class Generation {
  readonly tokens = new Map<string, Known | null>()
  length = 0
}

/**
 * A token format that verifies a token twice, and then remembers the result.
 *
 * Keeps two generations. A full young generation replaces the old one; an old token that is used again moves to the
 * young generation. A token is remembered when it comes for the second time. Many tokens come once, because the
 * response replaces them: keeping those would cost more than verifying the others a second time.
 */
export class RememberedTokens implements TokenFormat {
  readonly #format: TokenFormat
  /** The greatest number of tokens in a generation. */
  readonly #max: number
  #young = new Generation()
  #old = new Generation()

  /** @param max - the number of tokens to remember; 0 for none */
  constructor (format: TokenFormat, max: number) {
    this.#format = format
    this.#max = Math.max(0, Math.floor(max / 2))
  }

  encode (json: string, room?: number, isLimit?: boolean): string {
    return this.#format.encode(json, room, isLimit)
  }

  decode (token: string): DecodedToken {
    const tail = token.slice(-tailLength)
    const young = this.#young.tokens.get(tail)
    if (young?.token === token) return young.verified
    const old = this.#old.tokens.get(tail)
    if (old?.token === token) return this.#remember(tail, old).verified
    const decoded = complete(this.#format.decode(token))
    if (!decoded.ok) return decoded
    if (young === undefined && old === undefined) {
      this.#add(flatCopy(tail), null, tailLength)
      return decoded
    }
    const verified = { ...decoded, memo: { data: undefined, book: undefined } }
    return this.#remember(flatCopy(tail), { token: flatCopy(token), verified }).verified
  }

  #remember (tail: string, known: Known): Known {
    this.#add(tail, known, known.token.length + known.verified.json.length)
    return known
  }

  #add (tail: string, known: Known | null, length: number): void {
    if (this.#max === 0 || length > largestGeneration) return
    if (this.#young.tokens.size >= this.#max || this.#young.length + length > largestGeneration) {
      this.#old = this.#young
      this.#young = new Generation()
    }
    this.#young.tokens.set(tail, known)
    this.#young.length += length
  }
}

/** A copy of a slice of the Cookie header. The slice itself would keep the whole header in memory. */
function flatCopy (text: string): string {
  return Buffer.from(text).toString()
}
