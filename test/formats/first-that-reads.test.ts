import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { FirstThatReads } from '../../lib/formats/first-that-reads.ts'
import { FlaskFormat } from '../../lib/formats/flask.ts'
import { complete } from '../../lib/formats/token-format.ts'
import type { DecodedToken, TokenFormat } from '../../lib/formats/token-format.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import { formatContract } from './format.contract.ts'

const flask = (salt: string, ...keys: string[]): TokenFormat => {
  return new FlaskFormat(new URLSafeTimedSerializer([...keys].reverse(), { salt, compressFrom: Infinity }))
}
const refusing = (answer: DecodedToken): Pick<TokenFormat, 'decode'> => ({ decode: () => answer })

formatContract('FirstThatReads', (...keys) => new FirstThatReads(flask('own', ...keys), [flask('other', ...keys)]))

describe('FirstThatReads', () => {
  test('reads each of its formats, and writes the first', (t: TestContext) => {
    const format = new FirstThatReads(flask('own', 'key'), [flask('second', 'key'), flask('third', 'key')])

    for (const salt of ['own', 'second', 'third']) t.assert.strictEqual(format.decode(flask(salt, 'key').encode('{}')).ok, true, salt)
    t.assert.strictEqual(flask('own', 'key').decode(format.encode('{}')).ok, true)
  })

  test('passes the room on', (t: TestContext) => {
    const json = `{"a":"${'x'.repeat(200)}"}`
    const format = new FirstThatReads(flask('own', 'key'), [])

    t.assert.match(format.encode(json, 100), /^\./)
    t.assert.doesNotMatch(format.encode(json, 1000), /^\./)
  })

  const badSignature: DecodedToken = { ok: false, code: 'ERR_TOKEN_BAD_TIME_SIGNATURE' }
  const otherSignature: DecodedToken = { ok: false, code: 'ERR_TOKEN_BAD_SIGNATURE' }
  const badPayload: DecodedToken = { ok: false, code: 'ERR_TOKEN_BAD_PAYLOAD', signedAt: 5, key: 0 }
  const never: Pick<TokenFormat, 'decode'> = { decode: () => { throw new Error('asked') } }

  for (const [what, own, others, answer] of [
    ['the refusal of the first when all signatures are wrong', badSignature, [refusing(otherSignature)], badSignature],
    ['the unreadable payload of the first, without asking others', badPayload, [never], badPayload],
    ['the unreadable payload of another format', badSignature, [refusing(otherSignature), refusing(badPayload), never], complete(badPayload)]
  ] as const) {
    test(`gives ${what}`, (t: TestContext) => {
      const format = new FirstThatReads({ encode: () => '', ...refusing(own) }, others)

      t.assert.deepStrictEqual(format.decode('token'), answer)
    })
  }
})
