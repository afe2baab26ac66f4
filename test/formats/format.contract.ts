/**
 * What every token format must do, in one suite that each of them runs.
 *
 * @module
 */

import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { DecodedToken, TokenFormat } from '../../lib/formats/token-format.ts'

/** Makes a format that verifies with these keys; the newest, which signs, is the first. */
export type MakeFormat = (...keys: [newest: string, ...older: string[]]) => TokenFormat

/** A format that is only read, with a function that makes its tokens. */
export interface ReadOnlyFormat {
  /** The token of JSON text, signed now with that key. */
  encode (json: string, key: string): string
  make (...keys: [newest: string, ...older: string[]]): Pick<TokenFormat, 'decode'>
}

/** Milliseconds; not a whole number of seconds, so that rounding shows. */
const now = Date.UTC(2024, 0, 1) + 999
const seconds = Math.floor(now / 1000)

const texts: Record<string, string> = {
  'an empty object': '{}',
  'a user id': '{"user_id":42}',
  'text outside of ASCII': '{"name":"ä€𝄞"}',
  'a key named __proto__': '{"__proto__":1}',
  'repeated text': `{"a":"${'abc'.repeat(1000)}"}`,
  'several kilobytes': `{"a":[${Array.from({ length: 1000 }, (_, index) => index * 7919 % 1000).join()}]}`
}

/** Values of a cookie that no format made. */
const junk = [
  '', '.', '..', '...', ';', '%3B', '%', '%zz', ' ', '\0', 'null', '[object Object]', '__proto__', 'e30', 'e30.', '.e30', 'e30.AAAAAA',
  'e30.AAAAAA.AAAAAA', '\ud800.\udc00.\ud800', 'ä.ö.ü', '.'.repeat(10_000), 'A'.repeat(100_000), `${'A'.repeat(50)};${'A'.repeat(32)}`
]

/** A format that reads and writes. */
export function formatContract (name: string, make: MakeFormat): void {
  readingContract(name, { encode: (json, key) => make(key).encode(json), make })

  describe(`${name} as a token format that writes`, () => {
    test('signs with the newest key', (t: TestContext) => {
      const token = make('newest', 'older').encode('{}')

      t.assert.strictEqual(make('newest').decode(token).ok, true)
      t.assert.strictEqual(make('older').decode(token).ok, false)
    })

    test('never writes less than the text, however small the room', (t: TestContext) => {
      for (const room of [-1, 0, 1, 100, 4000, Infinity]) {
        for (const [what, json] of Object.entries(texts)) {
          const decoded = make('key').decode(make('key').encode(json, room))
          t.assert.strictEqual(decoded.ok && decoded.json, json, `${what} in ${room} characters`)
        }
      }
    })
  })
}

/** A format that reads, at least. */
export function readingContract (name: string, { encode, make }: ReadOnlyFormat): void {
  describe(`${name} as a token format`, () => {
    for (const [what, json] of Object.entries(texts)) {
      test(`reads what it wrote: ${what}`, (t: TestContext) => {
        t.mock.timers.enable({ apis: ['Date'], now })
        const token = encode(json, 'key')
        t.mock.timers.setTime(now + 1e9)

        const { ok, json: text, signedAt, key } = verified(t, make('key').decode(token))

        t.assert.deepStrictEqual({ ok, text, signedAt, key }, { ok: true, text: json, signedAt: seconds, key: 0 })
      })
    }

    test('counts the key that verified from the newest', (t: TestContext) => {
      for (const [index, key] of ['newest', 'older', 'oldest'].entries()) {
        const decoded = verified(t, make('newest', 'older', 'oldest').decode(encode('{"a":1}', key)))

        t.assert.strictEqual(decoded.key, index)
      }
    })

    test('refuses a token of another key', (t: TestContext) => {
      rejected(t, make('key', 'older').decode(encode('{"a":1}', 'other')))
    })

    test('refuses a token of which any character was replaced, doubled or removed', (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const format = make('key')
      const json = '{"user_id":42,"a":"b"}'
      const token = encode(json, 'key')
      for (let at = 0; at < token.length; at++) {
        const [before, char, after] = [token.slice(0, at), token.charAt(at), token.slice(at + 1)]
        for (const edited of [`${before}${after}`, `${before}${char}${char}${after}`, `${before}${char === 'M' ? 'k' : 'M'}${after}`]) {
          if (edited !== token) refusedOrSame(t, format.decode(edited), json)
        }
      }
    })

    test('refuses a token with something before or behind it, and two tokens in one', (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const token = encode('{"a":1}', 'key')
      for (const edited of [`.${token}`, `x${token}`, `${token}.`, `${token}.x`, `${token};x`, `${token}${token}`, `${token}.${token}`]) {
        refusedOrSame(t, make('key').decode(edited), '{"a":1}')
      }
    })

    test('throws for no junk, and refuses all of it', (t: TestContext) => {
      for (const text of junk) rejected(t, make('key', 'older').decode(text))
    })

    test('gives an independent answer each time', (t: TestContext) => {
      const format = make('key')
      const [one, other] = [encode('{"a":1}', 'key'), encode('{"a":2}', 'key')]
      for (const [token, json] of [[one, '{"a":1}'], [other, '{"a":2}'], [one, '{"a":1}'], [other, '{"a":2}'], [one, '{"a":1}']] as const) {
        t.assert.strictEqual(verified(t, format.decode(token)).json, json)
      }
    })
  })
}

function verified (t: TestContext, decoded: DecodedToken): Extract<DecodedToken, { ok: true }> {
  if (!decoded.ok) throw new Error(`refused with ${decoded.code}`)
  t.assert.strictEqual(typeof decoded.json, 'string')
  return decoded
}

/** Lenient base64 has several spellings of the same token. */
function refusedOrSame (t: TestContext, decoded: DecodedToken, json: string): void {
  if (decoded.ok) t.assert.deepStrictEqual([decoded.json, decoded.signedAt], [json, seconds])
  else rejected(t, decoded)
}

function rejected (t: TestContext, decoded: DecodedToken): void {
  t.assert.strictEqual(decoded.ok, false)
  t.assert.match((decoded as Extract<DecodedToken, { ok: false }>).code, /^ERR_TOKEN_[A-Z_]+$/)
  t.assert.strictEqual(decoded.signedAt, undefined, 'no time without a right signature')
}
