import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { deserialize, serialize } from 'node:v8'
import { JSONTag, SecureCookieSession, TaggedJSONSerializer, Tuple, UUID } from '../../lib/index.ts'
import type { JSONTagClass } from '../../lib/json/tagged-json-serializer.ts'
import { cookieOfText, savedText, sessionApp } from '../helpers.ts'
import type { Act } from '../helpers.ts'

/** Whether and how often a cookie comes back: from the third time on its data is shared. */
const times = 4

const withTag = (Tag: JSONTagClass): { serializer: TaggedJSONSerializer } => {
  const serializer = new TaggedJSONSerializer()
  serializer.register(Tag, { index: 0 })
  return { serializer }
}

const admin = Object.freeze({ name: 'admin' })
class RoleTag extends JSONTag {
  override key = ' role'
  override check (value: unknown): boolean { return value === admin }
  override toJson (): unknown { return admin.name }
  override toValue (): unknown { return admin }
}

const notes = Symbol('notes')
class NotesTag extends JSONTag {
  override key = ' n'
  override check (value: unknown): boolean { return typeof value === 'object' && value !== null && notes in value }
  override toJson (value: unknown): unknown { return (value as { id: number }).id }
  override toValue (id: unknown): unknown { return { id, [notes]: [] } }
}

class ZonedTag extends JSONTag {
  override key = ' z'
  override check (value: unknown): boolean { return value instanceof Date && 'zone' in value }
  override toJson (value: unknown): unknown { return [(value as Date).getTime(), (value as unknown as { zone: string }).zone] }
  override toValue (json: unknown): unknown { return Object.assign(new Date((json as [number])[0]), { zone: (json as [number, string])[1] }) }
}

/** What cannot be read again. */
class URLTag extends JSONTag {
  override key = ' url'
  override check (value: unknown): boolean { return value instanceof URL }
  override toJson (value: unknown): unknown { return (value as URL).href }
}

describe('values that only their serializer knows', () => {
  test('stay the objects that a tag gives', async (t: TestContext) => {
    const { visit } = await sessionApp(t, withTag(RoleTag))

    for (let i = 0; i < times; i++) {
      const response = await visit((session) => {
        session.n = 2
        return session.role === admin
      }, { cookie: cookieOfText('{"role":{" role":"admin"},"n":1}') })

      t.assert.strictEqual(response.body, 'true')
      t.assert.strictEqual(savedText(response), '{"role":{" role":"admin"},"n":2}')
    }
  })

  test('show nothing of one request to another, not even by symbols', async (t: TestContext) => {
    const { visit } = await sessionApp(t, withTag(NotesTag))

    for (let i = 0; i < times; i++) {
      const response = await visit((session) => {
        session.a[notes].push(i)
        return session.a[notes]
      }, { cookie: cookieOfText('{"a":{" n":7}}') })

      t.assert.deepStrictEqual(response.json(), [i])
    }
  })

  test('are saved with all that their tag writes', async (t: TestContext) => {
    const { visit } = await sessionApp(t, withTag(ZonedTag))
    const cookie = cookieOfText('{"at":{" z":[1000,"CET"]}}')

    for (let i = 0; i < times; i++) {
      t.assert.strictEqual(savedText(await visit((session) => { session.n = session.at.zone }, { cookie })), '{"at":{" z":[1000,"CET"]},"n":"CET"}')
      t.assert.strictEqual(savedText(await visit((session) => { session.at.zone = 'EST' }, { cookie })), '{"at":{" z":[1000,"EST"]}}')
      t.assert.strictEqual(savedText(await visit((session) => session.at.zone, { cookie })), undefined)
    }
  })

  test('may be the same under several keys', async (t: TestContext) => {
    const serializer = { dumps: (data: unknown) => serialize(data).toString('base64'), loads: (text: string): unknown => deserialize(Buffer.from(text, 'base64')) }
    const { visit } = await sessionApp(t, { serializer })
    const both = { n: 1 }
    const cookie = cookieOfText(serializer.dumps({ a: both, b: both }))

    for (let i = 0; i < times; i++) {
      t.assert.strictEqual(savedText(await visit((session) => session.a.n, { cookie })), undefined)
      const response = await visit((session) => {
        session.a.n = 5
        return session.a === session.b
      }, { cookie })
      t.assert.strictEqual(response.body, 'true')
      t.assert.deepStrictEqual(serializer.loads(savedText(response) as string), { a: { n: 5 }, b: { n: 5 } })
    }
  })

  test('need not be readable to be taken for unchanged', async (t: TestContext) => {
    const { visit } = await sessionApp(t, withTag(URLTag))

    const response = await visit((session) => {
      session.url = new URL('https://example.com/')
      session.modified = false
      return session.modified
    }, { cookie: cookieOfText('{}') })

    t.assert.strictEqual(response.body, 'false')
    t.assert.strictEqual(savedText(response), undefined)
  })

  test('may be written as bytes by a serializer in JavaScript', async (t: TestContext) => {
    const serializer = { dumps: (data: unknown): string => Buffer.from(JSON.stringify(data)) as unknown as string, loads: (text: string): unknown => JSON.parse(text) }
    const { browser } = await sessionApp(t, { serializer })
    const user = browser()

    for (const n of [1, 2, 3]) t.assert.strictEqual((await user.visit((session) => { session.n = (session.n ?? 0) + 1; return session.n })).body, String(n))
  })
})

describe('values that look unchanged', () => {
  const changes: Record<string, [text: string, act: Act, saved: string]> = {
    'a toJSON that no one lists': ['{"a":{"x":1}}', (session) => Object.defineProperty(session.a, 'toJSON', { value: () => 'hi' }), '{"a":"hi"}'],
    'a dict that is Markup now': ['{"a":{"x":1}}', (session) => Object.defineProperty(session.a, '__html__', { value: () => 'hi' }), '{"a":{" m":"hi"}}'],
    'a date that is Markup now': ['{"a":{" d":"Thu, 01 Jan 1970 00:00:01 GMT"}}', (session) => { session.a.__html__ = () => 'hi' }, '{"a":{" m":"hi"}}']
  }
  for (const [name, [text, act, saved]] of Object.entries(changes)) {
    test(`are saved when they are written otherwise: ${name}`, async (t: TestContext) => {
      const { visit } = await sessionApp(t)

      t.assert.strictEqual(savedText(await visit(act, { cookie: cookieOfText(text) })), saved)
    })
  }

  test('are not saved when they are taken for unchanged, whatever they say they are', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => {
      session.a = Object.assign([1], { toJSON: () => 'x' })
      session.modified = false
    }, { cookie: cookieOfText('{"z":1}') })

    t.assert.strictEqual(savedText(response), undefined)
  })

  test('are still changed when they could not be taken for unchanged', async (t: TestContext) => {
    const { visit } = await sessionApp(t)

    const response = await visit((session) => {
      session.x = session.a
      session.bad = () => {}
      try {
        session.modified = false
      } catch {
        delete session.bad
      }
      return session.modified
    }, { cookie: cookieOfText('{"a":[1]}') })

    t.assert.strictEqual(response.body, 'true')
    t.assert.strictEqual(savedText(response), '{"a":[1],"x":[1]}')
  })
})

describe('data that an application made', () => {
  test('is watched as a whole once any of it is handed out', (t: TestContext) => {
    const held: number[] = []
    const session = new SecureCookieSession({ a: [1], held })
    session.get('a')
    held.push(1)

    t.assert.strictEqual(session.modified, true)
  })

  test('can be read while some of it cannot be written', (t: TestContext) => {
    const session = new SecureCookieSession({ a: [1] as unknown[], id: new UUID('1'.repeat(32)) })
    const a = session.get('a') as unknown[]
    a.push(a)

    t.assert.strictEqual(String(session.get('id')), '11111111-1111-1111-1111-111111111111')
  })

  test('is an OversizedError when it is too much', (t: TestContext) => {
    const session = new SecureCookieSession({ t: Tuple.from(Array.from({ length: 300_000 }, () => 0)) })

    t.assert.throws(() => session.get('t'), { name: 'OversizedError', message: /more than 262144 characters or bytes/ })
  })
})
