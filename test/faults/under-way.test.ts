import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { SealedFormat } from '../../lib/formats/sealed.ts'
import type { FlaskConfig, SecureSessionOptions, SessionRouteConfig } from '../../lib/index.ts'
import { Signer } from '../../lib/itsdangerous/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { cookieAfter, secretKey, sessionApp, setCookiesOf, signingSerializer } from '../helpers.ts'
import type { Act, Answer } from '../helpers.ts'
import { AsyncStore } from '../server-sessions/world.ts'

const now = Date.UTC(2024, 0, 1)
const newKey = 'a newer secret key of the tests'

/** What the request comes in with, and what is in the config while it is under way. */
const before: FlaskConfig = {
  SECRET_KEY: secretKey,
  SESSION_COOKIE_NAME: 'old',
  SESSION_COOKIE_DOMAIN: 'old.example',
  SESSION_COOKIE_PATH: '/old',
  SESSION_COOKIE_HTTPONLY: true,
  SESSION_COOKIE_SECURE: true,
  SESSION_COOKIE_PARTITIONED: true,
  SESSION_COOKIE_SAMESITE: 'Strict',
  PERMANENT_SESSION_LIFETIME: 3600
}
const after: FlaskConfig = {
  SECRET_KEY: newKey,
  SESSION_COOKIE_NAME: 'new',
  SESSION_COOKIE_DOMAIN: 'new.example',
  SESSION_COOKIE_PATH: '/new',
  SESSION_COOKIE_HTTPONLY: false,
  SESSION_COOKIE_SECURE: false,
  SESSION_COOKIE_PARTITIONED: false,
  SESSION_COOKIE_SAMESITE: 'Lax',
  PERMANENT_SESSION_LIFETIME: 60
}

const oldAttributes = {
  Domain: 'old.example', Path: '/old', HttpOnly: true, Secure: true, Partitioned: true, SameSite: 'Strict', Expires: 'Mon, 01 Jan 2024 01:00:00 GMT'
}
const newAttributes = { Domain: 'new.example', Path: '/new', SameSite: 'Lax', Expires: 'Mon, 01 Jan 2024 00:01:00 GMT' }
const deleted = { 'Max-Age': '0', Expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }

interface Kind {
  options: () => SecureSessionOptions
  /** Whether the value of a cookie was made with this key. */
  isOf: (value: string, key: string) => boolean
}

const isSigned: Kind['isOf'] = (value, key) => signingSerializer({ key }).verify(value).ok
const isSealed: Kind['isOf'] = (value, key) => new SealedFormat(signingSerializer({ key, salt: 'cookie-session.sealed' })).decode(value).ok
const idSigner = (key: string): Signer => new Signer(key, { salt: 'flask-session', keyDerivation: 'hmac', digestMethod: 'sha1' })
const hasSignedId: Kind['isOf'] = (value, key) => idSigner(key).validate(value)

const kinds: Record<string, Kind> = {
  'a signed session': { options: () => ({}), isOf: isSigned },
  'a sealed session': { options: () => ({ sealed: true }), isOf: isSealed },
  'a revocable session': { options: () => ({ revocation: { store: memoryStore() } }), isOf: isSigned },
  'a revocable session of an asynchronous store': { options: () => ({ revocation: { store: new AsyncStore() } }), isOf: isSigned },
  'a sealed revocable session': { options: () => ({ sealed: true, revocation: { store: memoryStore() } }), isOf: isSealed },
  'a session in a store': { options: () => ({ store: memoryStore(), signIds: 'flask-session' }), isOf: hasSignedId },
  'a session in an asynchronous store': { options: () => ({ store: new AsyncStore(), signIds: 'flask-session' }), isOf: hasSignedId }
}

/** A cookie as it was sent: its name, the key it was made with, its attributes. */
type Sent = [name: string, key: 'old' | 'new' | 'neither' | '', attributes: object]

/** How the configuration changes under a request, and what comes of it. */
interface Case {
  act: Act
  /** Runs with the new configuration. */
  then: Act
  sent: Sent
  route?: SessionRouteConfig
}

const read: Act = (session) => { session.get('user') }
const write: Act = (session) => { session.seen = 1 }
const nothing: Act = () => {}
const sent = (attributes: object = {}): Sent => ['old', 'old', { ...oldAttributes, ...attributes }]

const cases: Record<string, Case> = {
  'written after the change': { act: nothing, then: write, sent: sent() },
  'written before the change': { act: write, then: nothing, sent: sent() },
  'looked at for the first time after the change, and refreshed': { act: nothing, then: read, sent: sent() },
  'that is only refreshed': { act: nothing, then: nothing, sent: sent() },
  'saved before and after the change': {
    act: async (session) => { session.seen = 1; await session.save() }, then: async (session) => { session.seen = 2; await session.save() }, sent: sent()
  },
  'renewed after the change': { act: nothing, then: async (session) => { await session.regenerate(['user', '_permanent']) }, sent: sent() },
  'ended after the change': { act: nothing, then: (session) => session.clear(), sent: ['old', '', { ...oldAttributes, ...deleted }] },
  'with options() of before the change': {
    act: (session) => session.options({ path: '/asked', sameSite: 'Lax' }), then: write, sent: sent({ Path: '/asked', SameSite: 'Lax' })
  },
  'with options() of after the change': { act: nothing, then: (session) => { session.options({ domain: 'asked.example' }); session.seen = 1 }, sent: sent({ Domain: 'asked.example' }) },
  'with options of its route': { act: nothing, then: write, sent: sent({ Path: '/route' }), route: { path: '/route' } },
  'with options of its route and options()': {
    act: nothing, then: (session) => { session.options({ httpOnly: true, sameSite: 'Lax' }); session.seen = 1 }, sent: sent({ Path: '/route', SameSite: 'Lax' }), route: { path: '/route', sameSite: 'None' }
  }
}

describe('a request keeps the configuration that it came in with, while another one comes with a new key, name and attributes:', () => {
  for (const [kind, { options, isOf }] of Object.entries(kinds)) {
    const keyOf = (value: string): Sent[1] => value === '' ? '' : isOf(value, secretKey) ? 'old' : isOf(value, newKey) ? 'new' : 'neither'
    const sentOf = (answer: Answer): Sent[] => setCookiesOf(answer).map(({ name, value, attributes }) => [name, keyOf(value), attributes])

    for (const [what, { act, then, sent, route }] of Object.entries(cases)) {
      test(`${kind} ${what}`, async (t: TestContext) => {
        t.mock.timers.enable({ apis: ['Date'], now })
        const config = { ...before }
        let during: Answer | undefined
        const users: unknown[] = []
        const { app, visit } = await sessionApp(t, { secretKey: undefined, ...options() }, {
          config,
          after: (app) => {
            app.get('/login', async ({ session }) => { session.update({ user: 'ada', _permanent: true }) })
            app.get('/route', { config: route === undefined ? {} : { session: route } }, async (request, reply) => {
              await act(request.session, request, reply)
              Object.assign(config, after)
              during = await app.inject('/login')
              await then(request.session, request, reply)
              if (then !== nothing) users.push(request.session.get('user'))
              return null
            })
          }
        })
        const login = await app.inject('/login')
        t.assert.deepStrictEqual(sentOf(login), [['old', 'old', oldAttributes]])

        const answer = await app.inject({ url: '/route', headers: { cookie: cookieAfter(login, 'old') } })

        t.assert.deepStrictEqual(sentOf(answer), [sent])
        t.assert.deepStrictEqual(sentOf(during as Answer), [['new', 'new', newAttributes]])
        t.assert.deepStrictEqual(users, then === nothing ? [] : [what.startsWith('ended') ? undefined : 'ada'])
        t.assert.deepStrictEqual(sentOf(await visit(write)), [['new', 'new', without(newAttributes, 'Expires')]])
      })
    }

    test(`${kind} changed inside before the head of a stream`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const config = { ...before }
      const { visit } = await sessionApp(t, { secretKey: undefined, ...options() }, { config })
      const cookie = cookieAfter(await visit((session) => { session.list = [] }), 'old')

      const answer = await visit((session) => {
        session.list.push(1)
        return Readable.from((async function * () { yield 'one' })()).on('resume', () => {
          Object.assign(config, after)
          session.list.push(2)
        })
      }, { cookie })

      t.assert.deepStrictEqual(sentOf(answer), [['old', 'old', without(oldAttributes, 'Expires')]])
      Object.assign(config, before)
      t.assert.deepStrictEqual((await visit((session) => session.list, { cookie: cookieAfter(answer, 'old') })).json(), [1, 2])
    })

    test(`${kind} encoded for another place while its request is under way`, async (t: TestContext) => {
      const config = { ...before }
      const { app, visit } = await sessionApp(t, { secretKey: undefined, ...options() }, { config })

      const encoded = (await visit(async (session) => {
        session.user = 'ada'
        Object.assign(config, after)
        await visit(nothing)
        return await app.encodeSession(session)
      })).body

      t.assert.deepStrictEqual(keyOf(encoded), 'old')
    })
  }
})

function without (attributes: Record<string, unknown>, name: string): object {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => key !== name))
}
