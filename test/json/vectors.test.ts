import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { BadPayload } from '../../lib/itsdangerous/errors.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/url-safe.ts'
import type { KeyDerivation } from '../../lib/itsdangerous/signer.ts'
import { base64Decode } from '../../lib/itsdangerous/encoding.ts'
import { carryFloats } from '../../lib/json/carried-floats.ts'
import { TaggedJSONSerializer } from '../../lib/json/tagged-json-serializer.ts'
import { Markup, Tuple, UUID } from '../../lib/json/values.ts'
import { asText, bytesLike } from '../itsdangerous/makers.ts'
import { codec } from '../flask/typed-json.ts'
import type { Text } from '../flask/typed-json.ts'
import { flaskVectors } from '../vectors/vectors.ts'
import type { SessionVector } from '../vectors/vectors.ts'

const serializer = new TaggedJSONSerializer()
const { decode } = codec({ Tuple, Markup, UUID })

/** What Flask's signing serializer is, for an application of a vector. */
function signingSerializer ({ config, digest, salt = 'cookie-session', keyDerivation = 'hmac' }: SessionVector['app']): URLSafeTimedSerializer {
  return new URLSafeTimedSerializer(bytesLike(config?.SECRET_KEY as Text), {
    salt: bytesLike(salt), serializer, signerOptions: { digestMethod: digest ?? 'sha1', keyDerivation: keyDerivation as KeyDerivation }
  })
}

/** Without Flask's choices that are not ours: the order of keys, and characters that are escaped or not. */
const normalized = (text: string): unknown => JSON.parse(text.replace(/\b(NaN|Infinity)\b/g, '"$1"').replace(/(?<=[[:,]-?)(\d+)(?=[\],}])/g, '"$1"').replace(/-"/g, '"-'))

describe('sessions that Flask wrote', () => {
  for (const { name, app, data, json, cookie, now } of flaskVectors.sessions) {
    const { config, ...options } = app
    describe(`${name} with ${JSON.stringify({ ...options, key: config?.SECRET_KEY })}`, () => {
      const value = decode(data)

      test('is read, from its JSON and from its cookie', (t: TestContext) => {
        t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })

        t.assert.deepStrictEqual(serializer.loads(json), value)
        t.assert.deepStrictEqual(signingSerializer(app).loadsWithTimestamp(cookie, { maxAge: 0 }), { value, dateSigned: new Date(now * 1000) })
      })

      test('is the same data when it is written again', (t: TestContext) => {
        const written = carryFloats(serializer.dumps(serializer.loads(json)), json)

        t.assert.deepStrictEqual(serializer.loads(written), value)
        t.assert.deepStrictEqual(normalized(written), normalized(json))
      })

      test('has the very same cookie when its text is signed here', (t: TestContext) => {
        t.mock.timers.enable({ apis: ['Date'], now: now * 1000 })
        const signing = signingSerializer(app)
        const text = signing.loads(cookie, { serializer: asText }) as string
        const signed = signing.dumps(text, { serializer: asText })

        t.assert.deepStrictEqual(signing.loads(signed), value)
        // zlib's bytes differ from build to build.
        if (!cookie.startsWith('.')) t.assert.strictEqual(signed, cookie)
        else t.assert.strictEqual(signing.loads(signed, { serializer: asText }), text)
        if (!cookie.startsWith('.')) t.assert.strictEqual(base64Decode(cookie.split('.')[0] as string).toString(), text)
      })
    })
  }
})

/** JSON that Flask takes and we do not: our tags are read strictly. */
const refused = new Set([
  '{" b":"YQ==junk"}', '{" b":"!!"}', '{" b":"Y Q\\n=="}', '{" b":"YR=="}', '{" b":{" b":"WVE9PQ=="}}', '{" m":1}', '{" m":null}', '{" m":{"x":1}}',
  '{" u":"{01234567-89ab-cdef-0123-456789abcdef}"}', '{" u":"urn:uuid:01234567-89ab-cdef-0123-456789abcdef"}',
  '{" d":null}', '{" t":"ab"}', '{" t":{"a":1,"b":2}}', '{" di":{"a":1}}', '{" di":{"abc":1}}', '{" di":{"a__":1,"b__":2}}'
])

/** Dates that are no HTTP dates, which Flask reads and we do not: null, as any other text that is no date. */
const noDates = new Set([
  '{" d":"Tue, 24 May 2011 02:00:00 +0200"}', '{" d":"Mon, 24 May 2011 00:00:00 GMT"}', '{" d":"24 May 2011 00:00:00"}', '{" d":"Tue, 24-May-11 00:00:00 GMT"}'
])

describe('what Flask makes of JSON', () => {
  for (const { text, value, exception } of flaskVectors.tags) {
    const title = JSON.stringify(text)
    if (exception !== undefined || refused.has(text)) {
      test(`${title} is refused${exception === undefined ? ', unlike there' : ''}`, (t: TestContext) => {
        const signing = new URLSafeTimedSerializer('key', { serializer })

        t.assert.throws(() => serializer.loads(text), (error: unknown) => error instanceof SyntaxError || error instanceof TypeError)
        t.assert.throws(() => signing.loads(signing.dumps(text, { serializer: asText })), BadPayload)
      })
    } else {
      test(`${title} is ${noDates.has(text) ? 'null, unlike there' : 'the same value here'}`, (t: TestContext) => {
        t.assert.deepStrictEqual(serializer.loads(text), noDates.has(text) ? null : decode(value ?? null))
      })
    }
  }
})

describe('the recorded vectors', () => {
  test('are all there', (t: TestContext) => {
    t.assert.ok(flaskVectors.sessions.length >= 90)
    t.assert.ok(flaskVectors.tags.length >= 90)
  })
})
