import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { Markup, Tuple, UUID } from '../../lib/index.ts'
import { flaskSessionSerializer, memoryStore } from '../../lib/stores/index.ts'
import { decodeMsgpack } from '../../lib/flask-session/msgpack.ts'
import { AsyncStore, idOf, show, storeApp } from './world.ts'

interface Vector {
  title: string
  msgpack: string
  json: string
}

const { vectors } = JSON.parse(readFileSync(new URL('../vectors/flask-session.json', import.meta.url), 'utf8')) as { vectors: Vector[] }

/** Values that differ between the two: JSON has no such type, so msgspec writes text. */
const asText: Record<string, { msgpack: unknown, json: unknown }> = {
  bytes: {
    msgpack: [Buffer.alloc(0), Buffer.from([0, 255]), Buffer.from('x'.repeat(256))],
    json: ['', 'AP8=', Buffer.from('x'.repeat(256)).toString('base64')]
  },
  'an aware datetime': { msgpack: new Date('2026-11-27T12:30:15Z'), json: '2026-11-27T12:30:15Z' },
  'an aware datetime with microseconds': {
    msgpack: new Date('2026-11-27T11:30:15.123Z'), json: '2026-11-27T12:30:15.123456+01:00'
  },
  'an aware datetime before 1970': { msgpack: new Date('1969-12-31T23:59:59.500Z'), json: '1969-12-31T23:59:59.500000Z' },
  'an aware datetime of the year 9999': { msgpack: new Date('9999-12-31T00:00:00Z'), json: '9999-12-31T00:00:00Z' },
  NaN: { msgpack: NaN, json: null }
}

describe('flaskSessionSerializer reads what Flask-Session wrote:', () => {
  for (const { title, msgpack, json } of vectors) {
    test(title, (t: TestContext) => {
      const fromMsgpack = flaskSessionSerializer.loads(Buffer.from(msgpack, 'hex'))
      const fromJSON = flaskSessionSerializer.loads(Buffer.from(json))
      const expected = asText[title]
      if (expected === undefined) {
        t.assert.deepStrictEqual(fromMsgpack, fromJSON)
        // The text is the same but for floats without a fraction, which are ints in JavaScript.
        t.assert.strictEqual(flaskSessionSerializer.dumps(fromMsgpack), json.replace('1.0,1e300', '1,1e+300'))
      } else {
        t.assert.deepStrictEqual(fromMsgpack, { v: expected.msgpack })
        t.assert.deepStrictEqual(fromJSON, { v: expected.json })
      }
    })
  }
})

test('flaskSessionSerializer writes plain JSON that msgspec reads', (t: TestContext) => {
  const written = flaskSessionSerializer.dumps({
    text: 'é',
    markup: new Markup('<b>'),
    uuid: new UUID('12345678123456781234567812345678'),
    tuple: new Tuple(1, 2),
    bytes: Buffer.from([0, 255]),
    date: new Date(1500),
    second: new Date(1000),
    numbers: [NaN, -Infinity, 2n ** 64n, 1e21, -0],
    ' t': [1],
    half: 'a\ud800\\ud800b',
    'key\udfff': 1,
    left: undefined
  })
  t.assert.strictEqual(written, '{"text":"é","markup":"<b>","uuid":"12345678-1234-5678-1234-567812345678","tuple":[1,2],"bytes":"AP8=",' +
    '"date":"1970-01-01T00:00:01.500Z","second":"1970-01-01T00:00:01Z","numbers":[null,null,18446744073709551616,1e+21,-0.0],' +
    '" t":[1],"half":"a\\ufffd\\\\ud800b","key\\ufffd":1}')
})

test('flaskSessionSerializer refuses what it cannot write', (t: TestContext) => {
  t.assert.throws(() => flaskSessionSerializer.dumps({ a: new Date(NaN) }), /a Date that is invalid/)
  t.assert.throws(() => flaskSessionSerializer.dumps({ a: Buffer.alloc(300_000) }), /more than 262144/)
  t.assert.throws(() => flaskSessionSerializer.dumps({ a: new Map() }), /a Map/)
})

describe('bytes that are not a session of Flask-Session are refused:', () => {
  const bad: Record<string, string> = {
    'nothing at all': '',
    'a pickle of protocol 4': '80049509000000000000007d948c0161944b01732e',
    'a pickle of protocol 0': '286470300a2e',
    'a map with bytes behind it': '8000',
    'a map that ends too early': '82a161',
    'a length that no memory has': 'dfffffffff',
    'a list of a length that no memory has': '81a161ddffffffff',
    'text of a length that no memory has': '81a161dbffffffff',
    'an extension of another type': '81a161d40100',
    'a timestamp of a wrong length': '81a161d5ff0000',
    'a timestamp that is no date': '81a161c70cff000000007fffffffffffffff',
    'a list as a key': '819001',
    'true as a key': '81c301',
    'the type c1': '81a161c1',
    'text that is not UTF-8': '81a161a1ff',
    'JSON that is not UTF-8': '7b22ff223a317d',
    'a list instead of a map': '9101',
    'lists nested too deep': `81a161${'91'.repeat(300)}c0`,
    'maps nested too deep': `${'81a161'.repeat(300)}c0`
  }
  for (const [title, hex] of Object.entries(bad)) {
    test(title, (t: TestContext) => t.assert.throws(() => flaskSessionSerializer.loads(Buffer.from(hex, 'hex'))))
  }
})

test('MessagePack of other writers is read too', (t: TestContext) => {
  t.assert.deepStrictEqual(decodeMsgpack(Buffer.from('ca3f800000', 'hex')), 1)
})

test('a session of Flask-Session is read, changed and read again, whatever the store gives', async (t: TestContext) => {
  const store = memoryStore()
  const { visit } = await storeApp(t, store, { serializer: flaskSessionSerializer })
  const id = 'A'.repeat(43)
  store.set(id, '{"_permanent": true, "user_id": 42}', { expires: Date.now() + 1e6, replaces: null })

  const answer = await visit((session) => { session.cart = [1.5] }, { cookie: `session=${id}` })

  t.assert.strictEqual(idOf(answer), id)
  t.assert.strictEqual(store.get(id)?.data, '{"_permanent":true,"user_id":42,"cart":[1.5]}')
  t.assert.deepStrictEqual((await visit(show, { cookie: `session=${id}` })).json(), { _permanent: true, user_id: 42, cart: [1.5] })
})

test('a session of Flask-Session in MessagePack is replaced with JSON when it is changed', async (t: TestContext) => {
  const store = new AsyncStore()
  const id = 'A'.repeat(43)
  const msgpack = Buffer.from('82aa5f7065726d616e656e74c3a7757365725f69642a', 'hex')
  store.get = async () => ({ data: msgpack, expires: Date.now() + 1e6 })
  store.set = async (_id, data, { replaces }) => {
    t.assert.deepStrictEqual(replaces, msgpack)
    t.assert.strictEqual(data, '{"_permanent":true,"user_id":42,"a":1}')
    return true
  }
  const { visit } = await storeApp(t, store, { serializer: flaskSessionSerializer })
  t.assert.strictEqual(idOf(await visit((session) => { session.a = 1 }, { cookie: `session=${id}` })), id)
})

test('bytes of another program that are not UTF-8 are unreadable without a serializer that knows them', async (t: TestContext) => {
  const store = new AsyncStore()
  for (const data of [Buffer.from([0x80, 0xff]), Buffer.from('{"a":1}'), Buffer.from(' {"a": 1}')]) {
    store.get = async () => ({ data, expires: Date.now() + 1e6 })
    const { visit } = await storeApp(t, store)
    const { body } = await visit(show, { cookie: `session=${'A'.repeat(43)}` })
    t.assert.strictEqual(body, data[0] === 0x80 ? '{}' : '{"a":1}')
  }
})
