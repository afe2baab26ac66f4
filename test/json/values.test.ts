import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { Markup, Tuple, UUID } from '../../lib/json/values.ts'

describe('Tuple', () => {
  test('holds what it is given, a single number too', (t: TestContext) => {
    t.assert.deepStrictEqual([...new Tuple(3)], [3])
    t.assert.deepStrictEqual([...new Tuple<unknown>(1, 'two', null)], [1, 'two', null])
    t.assert.strictEqual(new Tuple().length, 0)
  })

  test('is an array and a Tuple, whichever way it is made', (t: TestContext) => {
    for (const tuple of [new Tuple(1, 2), Tuple.from([1, 2]), Tuple.of(1, 2), Tuple.from({ length: 2, 0: 1, 1: 2 })]) {
      t.assert.ok(tuple instanceof Tuple)
      t.assert.ok(Array.isArray(tuple))
      t.assert.deepStrictEqual([...tuple], [1, 2])
    }
    t.assert.deepStrictEqual([...Tuple.from({ length: 0 })], [])
  })

  test('gives plain arrays from its methods', (t: TestContext) => {
    const tuple = new Tuple(1, 2, 3)
    for (const array of [tuple.map((n) => n), tuple.filter(() => true), tuple.slice(), tuple.concat([]), tuple.splice(0)]) {
      t.assert.deepStrictEqual(array, [1, 2, 3])
      t.assert.strictEqual(array.constructor, Array)
    }
    t.assert.strictEqual(Tuple[Symbol.species], Array)
  })
})

describe('Markup', () => {
  test('is text that tells itself when asked for HTML', (t: TestContext) => {
    const markup = new Markup('<b>bold</b>')

    t.assert.strictEqual(markup.__html__(), '<b>bold</b>')
    t.assert.strictEqual(`${markup}`, '<b>bold</b>')
    t.assert.strictEqual(markup + '!', '<b>bold</b>!')
    t.assert.ok((markup as unknown) == '<b>bold</b>') // eslint-disable-line eqeqeq
    t.assert.strictEqual(markup.length, 11)
    t.assert.strictEqual(JSON.stringify(markup), '"<b>bold</b>"')
  })

  test('is no String, and differs from other Markup', (t: TestContext) => {
    t.assert.ok(!((new Markup('a') as unknown) instanceof String))
    t.assert.deepStrictEqual(new Markup('a'), new Markup('a'))
    t.assert.notDeepStrictEqual(new Markup('a'), new Markup('b'))
  })
})

describe('UUID', () => {
  const text = '01234567-89ab-cdef-0123-456789abcdef'

  test('reads 32 digits with or without hyphens, in any case', (t: TestContext) => {
    for (const spelling of [text, text.toUpperCase(), text.replaceAll('-', '')]) {
      t.assert.strictEqual(new UUID(spelling).hex, '0123456789abcdef0123456789abcdef')
    }
  })

  test('spells itself with hyphens', (t: TestContext) => {
    t.assert.strictEqual(String(new UUID(text)), text)
    t.assert.strictEqual(JSON.stringify({ id: new UUID(text) }), `{"id":"${text}"}`)
  })

  for (const other of [
    '', 'x', text.slice(1), `${text}0`, `{${text}}`, `urn:uuid:${text}`, ` ${text}`, `${text}\n`, text.replace('-', ''), text.replace('c', 'g'),
    `0x${text.replaceAll('-', '').slice(2)}`, '0123456789abcdef_123456789abcdef', '０'.repeat(32)
  ]) {
    test(`refuses ${JSON.stringify(other)}`, (t: TestContext) => {
      t.assert.throws(() => new UUID(other), { name: 'TypeError', message: 'a UUID must be 32 hexadecimal digits' })
    })
  }
})
