import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { CookieBytes } from '../../lib/sessions/cookie-bytes.ts'

/** What stands at a place. */
const at = (bytes: CookieBytes, place: number | undefined): string[] => [bytes.cookieAt(place as number), bytes.textAt(place as number)]

describe('CookieBytes', () => {
  test('gives back each cookie and its text', (t: TestContext) => {
    const bytes = new CookieBytes(1000)
    const all = [['a.b.c', '{"a":1}'], ['', ''], ['e30.AAAAAQ.c2ln', '{"ä":"😀\\u2028"}'], ['ä😀', 'x'.repeat(300)]] as const
    const places = all.map(([cookie, text]) => bytes.add(cookie, text))

    t.assert.deepStrictEqual(places.map((place) => at(bytes, place)), all)
  })

  for (const [cookie, text, length] of [['a'.repeat(60), 'b'.repeat(40), 100], ['a'.repeat(10), 'ä'.repeat(45), 100], ['ä'.repeat(40), '€'.repeat(7), 101], ['', '', 0]] as const) {
    test(`has room for a cookie of ${cookie.length} and a text of ${text.length} characters where ${length + 8} bytes are left, and not where there is one less`, (t: TestContext) => {
      const bytes = new CookieBytes(length + 8 + 20)
      t.assert.strictEqual(bytes.add('0123456789', '01'), 0)

      t.assert.strictEqual(bytes.add(cookie, text), 20)
      t.assert.deepStrictEqual(at(bytes, 20), [cookie, text])
      t.assert.strictEqual(new CookieBytes(length + 7).add(cookie, text), undefined)
    })
  }

  test('tells how long a cookie is, in bytes', (t: TestContext) => {
    const bytes = new CookieBytes(1000)

    t.assert.deepStrictEqual([bytes.lengthAt(bytes.add('abc', 'text') as number), bytes.lengthAt(bytes.add('ä€', '') as number)], [3, 5])
  })

  test('could hold what fits into all of its room', (t: TestContext) => {
    const bytes = new CookieBytes(108)
    bytes.add('a', 'b')

    t.assert.deepStrictEqual([['a'.repeat(60), 'b'.repeat(40)], ['a'.repeat(60), 'b'.repeat(41)], ['a', 'ä'.repeat(49)], ['a', 'ä'.repeat(50)]].map(([cookie = '', text = '']) => bytes.couldHold(cookie, text)),
      [true, false, true, false])
  })

  test('keeps what it has when it takes more memory', (t: TestContext) => {
    const bytes = new CookieBytes(1_000_000)
    const all = Array.from({ length: 100 }, (_, n) => [`cookie ${n}`, String(n).repeat(n * 40)] as const)
    const places = all.map(([cookie, text]) => bytes.add(cookie, text))

    t.assert.deepStrictEqual(places.map((place) => at(bytes, place)), all)
  })

  test('stays as it is where there is no room, and has all of it again when it is cleared', (t: TestContext) => {
    const bytes = new CookieBytes(50)
    bytes.add('first', 'text')
    t.assert.strictEqual(bytes.add('x'.repeat(30), ''), undefined)
    t.assert.strictEqual(bytes.add('second', 'more'), 17)
    t.assert.deepStrictEqual([at(bytes, 0), at(bytes, 17)], [['first', 'text'], ['second', 'more']])

    bytes.clear()
    t.assert.strictEqual(bytes.add('x'.repeat(30), 'y'), 0)
    t.assert.deepStrictEqual(at(bytes, 0), ['x'.repeat(30), 'y'])
  })
})
