import fc from 'fast-check'
import { Markup, Tuple, UUID } from '../../lib/json/values.ts'

/** Keys that mean something: those of tags, of their escaped forms and of Object.prototype. */
const key = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  fc.constantFrom(' di', ' t', ' b', ' m', ' u', ' d', ' t__', ' di__', ' t____', '__proto__', 'constructor', 'toString', 'toJSON', '__html__', '', '0', '10', '-1', 'number 1.0')
)

/** Everything that the table of tagged values names. */
export const { value: supported } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('dict'), tie('list'), tie('tuple')),
  leaf: fc.oneof(
    fc.constantFrom(null, true, false, 0, -0, 1, NaN, Infinity, -Infinity, 1e16, 2 ** 53, -(2 ** 53), 2 ** 53 - 1),
    fc.integer(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.bigInt().filter((n) => !Number.isSafeInteger(Number(n))),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\ud800', '"number 1.0"', 'NaN', '1.0', '\\"', '\\'),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc.string().map((text) => new Markup(text)),
    fc.uuid().map((text) => new UUID(text)),
    fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }).map((seconds) => new Date(seconds * 1000))
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  tuple: fc.array(tie('value'), { maxLength: 4 }).map((items) => Tuple.from(items)),
  dict: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries))
}))

/** JSON as Flask writes it: whole floats with a point, exponents with a sign. */
export const { json: flaskText } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.constantFrom('null', 'true', 'false', '1.0', '-0.0', '0.0', '0', 'NaN', 'Infinity', '-Infinity', '1e+16', '9007199254740993', '-9007199254740993', '100.0'),
      fc.bigInt().map(String),
      fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
      fc.uint8Array({ maxLength: 9 }).map((bytes) => `{" b":"${Buffer.from(bytes).toString('base64')}"}`)
    ),
    fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join()}]`),
    fc.array(tie('json'), { maxLength: 4 }).map((items) => `{" t":[${items.join()}]}`),
    fc.tuple(fc.constantFrom('t', 'b', 'di'), tie('json')).map(([key, item]) => `{" di":{" ${key}__":${item}}}`),
    fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z_]{1,9}$/), tie('json')), { maxLength: 4, selector: ([key]) => key })
      .map((entries) => `{${entries.map(([key, item]) => `"${key}":${item}`).join()}}`)
  )
}))
