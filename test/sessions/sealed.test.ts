import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import nacl from 'tweetnacl'
import { SecureCookieSessionInterface, sessionJSONSerializer } from '../../lib/index.ts'
import type { SecureSessionOptions, Session } from '../../lib/index.ts'
import { FlaskFormat } from '../../lib/formats/flask.ts'
import { SealedFormat } from '../../lib/formats/sealed.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/index.ts'
import type { DigestName } from '../../lib/itsdangerous/index.ts'
import { testClient } from '../../lib/testing.ts'
import { buildApp, cookieAfter, cookieOf, logOf, noise, refusalOf, savedData, secretKey, sessionApp, sessionCookieOf, setCookiesOf, signingSerializer } from '../helpers.ts'
import type { Act, Answer } from '../helpers.ts'

const now = Date.UTC(2024, 0, 1)
const write: Act = (session) => { session.user_id = 42 }
const read: Act = (session) => session.data()

interface Sealing {
  key?: string
  salt?: string | Uint8Array
  digest?: DigestName
}

function serializer ({ key = secretKey, salt = 'cookie-session.sealed', digest = 'sha512' }: Sealing = {}): URLSafeTimedSerializer {
  return new URLSafeTimedSerializer(key, { salt, signerOptions: { keyDerivation: 'hmac', digestMethod: digest } })
}

/** What a cookie holds that was sealed so; `undefined` when it was not. */
function opened (value: string | undefined, sealing?: Sealing): unknown {
  const decoded = new SealedFormat(serializer(sealing)).decode(value ?? '')
  return decoded.ok ? sessionJSONSerializer.loads(decoded.json) : undefined
}

const sealedData = (response: Pick<Answer, 'headers'>, sealing?: Sealing): unknown => opened(sessionCookieOf(response)?.value, sealing)
const sealedCookie = (json: string, sealing?: Sealing): string => `session=${new SealedFormat(serializer(sealing)).encode(json)}`

describe('a sealed session', () => {
  test('is kept in a cookie that only the key opens', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: true })

    const first = await visit(write)
    const second = await visit(read, { cookie: cookieAfter(first) })

    t.assert.deepStrictEqual(sealedData(first), { user_id: 42 })
    t.assert.doesNotMatch(Buffer.from(cookieAfter(first).slice('session='.length), 'base64url').toString('latin1'), /user_id/)
    t.assert.deepStrictEqual(second.json(), { user_id: 42 })
    t.assert.strictEqual(sessionCookieOf(second), undefined)
    t.assert.strictEqual(second.headers.vary, 'Cookie')
  })

  test('is sealed by an interface of the application that says so in a field', async (t: TestContext) => {
    class Own extends SecureCookieSessionInterface {
      override sealed = true
    }
    for (const sessionInterface of [new Own(), new SecureCookieSessionInterface({ sealed: true })]) {
      const { visit } = await sessionApp(t, { sessionInterface })

      t.assert.deepStrictEqual(sealedData(await visit(write)), { user_id: 42 })
    }
  })

  test('is signed alone with sealed: false', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: false })

    t.assert.deepStrictEqual(savedData(await visit(write)), { user_id: 42 })
  })

  test('has the salt of the application with .sealed behind it, as text and as bytes', async (t: TestContext) => {
    for (const [salt, derived] of [['own', 'own.sealed'], [Buffer.from([0, 255]), Buffer.concat([Buffer.from([0, 255]), Buffer.from('.sealed')])]] as const) {
      const { visit } = await sessionApp(t, { sealed: true, salt })

      t.assert.deepStrictEqual(sealedData(await visit(write), { salt: derived }), { user_id: 42 })
    }
  })

  test('is sealed with the newest key, and opened with each', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: true, secretKeyFallbacks: ['the first key of three', 'the second key of three'] })
    for (const key of ['the first key of three', 'the second key of three', secretKey]) {
      const response = await visit((session) => { session.n = Number(session.n) + 1 }, { cookie: sealedCookie('{"n":1}', { key }) })

      t.assert.deepStrictEqual(sealedData(response), { n: 2 }, key)
    }
  })

  test('accepts each of several digests', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: true, digestMethod: ['sha256', 'sha1'] })

    const response = await visit(write, { cookie: sealedCookie('{"a":1}', { digest: 'sha1' }) })

    t.assert.deepStrictEqual(sealedData(response, { digest: 'sha256' }), { a: 1, user_id: 42 })
  })

  test('is opened twice at most, and read from memory after that', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: true })
    const cookie = cookieAfter(await visit(write))
    const { mock } = t.mock.method(nacl.secretbox, 'open')
    for (let i = 0; i < 4; i++) t.assert.deepStrictEqual((await visit(read, { cookie })).json(), { user_id: 42 })

    t.assert.strictEqual(mock.callCount(), 2)
  })

  test('is sealed anew when a permanent session is refreshed', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t, { sealed: true })
    const first = cookieAfter(await visit((session) => { session.permanent = true }))

    const refreshed = await visit(() => {}, { cookie: first })

    t.assert.deepStrictEqual(sealedData(refreshed), { _permanent: true })
    t.assert.notStrictEqual(cookieAfter(refreshed), first)
  })

  test('keeps what a serializer of the application writes, padding apart', async (t: TestContext) => {
    const hex = {
      dumps: (value: unknown) => Buffer.from(JSON.stringify(value)).toString('hex'),
      loads (text: string): unknown {
        if (!/^[0-9a-f]*$/.test(text)) throw new Error('not hex')
        return JSON.parse(Buffer.from(text, 'hex').toString())
      }
    }
    const { visit } = await sessionApp(t, { sealed: true, serializer: hex })

    t.assert.deepStrictEqual((await visit(read, { cookie: cookieAfter(await visit(write)) })).json(), { user_id: 42 })
  })

  test('that does not fit is an error that names the largest keys', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: true })

    const response = await visit((session) => {
      session.small = 1
      session.large = 'x'.repeat(4000)
    })

    t.assert.strictEqual(response.statusCode, 500)
    t.assert.match(response.json().message, /^The session is too large: 5\d\d\d bytes, the limit is 4093, MAX_COOKIE_SIZE\. The largest keys are large \(4012\), small \(11\)\./)
  })

  test('is encoded and decoded outside of requests', async (t: TestContext) => {
    const app = await buildApp(t, { sealed: true })
    await app.ready()

    const value = app.encodeSession(app.createSession({ user_id: 42 }))

    t.assert.deepStrictEqual(opened(value), { user_id: 42 })
    t.assert.deepStrictEqual(app.decodeSession(value)?.data(), { user_id: 42 })
    t.assert.strictEqual(app.decodeSession(cookieOf({ user_id: 42 }).slice('session='.length)), null)
  })

  test('is read and written by the test client', async (t: TestContext) => {
    const app = await buildApp(t, { sealed: true })
    app.get('/', async (request) => request.session.data())
    const client = testClient(app)

    await client.sessionTransaction((session) => { session.user_id = 42 })

    t.assert.deepStrictEqual((await client.inject('/')).json(), { user_id: 42 })
    t.assert.strictEqual((await client.session())?.user_id, 42)
    t.assert.deepStrictEqual(opened((await client.jar.getCookies('https://localhost/'))[0]?.value), { user_id: 42 })
  })
})

describe('a cookie that is not of a sealed session', () => {
  const others: Record<string, [make: () => string, hint?: string]> = {
    'is signed': [() => cookieOf({ user_id: 42 }), 'the cookie looks signed and not sealed: sealed: { readSigned: true } reads such cookies'],
    'is of another key': [() => sealedCookie('{"user_id":42}', { key: 'another key, long enough' })],
    'is of another session': [() => sealedCookie('{"user_id":42}', { salt: 'cookie-session.admin.sealed' })],
    'was edited': [() => sealedCookie('{"user_id":42}').replace(/^session=../, 'session=AA')]
  }
  for (const [what, [make, hint]] of Object.entries(others)) {
    test(`since it ${what} is an empty session and a debug line`, async (t: TestContext) => {
      t.mock.timers.enable({ apis: ['Date'], now })
      const log = logOf()
      const { visit } = await sessionApp(t, { sealed: true }, { server: log.server })

      const response = await visit(read, { cookie: make() })

      t.assert.deepStrictEqual(response.json(), {})
      t.assert.strictEqual(response.headers['set-cookie'], undefined)
      t.assert.deepStrictEqual(log.lines.map(({ level, code, hint }) => [level, code, hint]), [[20, 'ERR_TOKEN_BAD_TIME_SIGNATURE', hint]])
    })
  }

  test('since it is sealed, and the session is signed, is an empty session and a debug line that names the option', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, {}, { server: log.server })

    const response = await visit(read, { cookie: sealedCookie('{"user_id":42}') })

    t.assert.deepStrictEqual(response.json(), {})
    t.assert.deepStrictEqual(log.lines.map(({ level, hint }) => [level, hint]), [[20, 'the cookie looks sealed: the option sealed reads such cookies']])
  })

  test('since it expired is an empty session', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const log = logOf()
    const { visit } = await sessionApp(t, { sealed: true, permanentSessionLifetime: 60 }, { server: log.server })
    const cookie = sealedCookie('{"user_id":42}')

    t.mock.timers.tick(60_000)
    t.assert.deepStrictEqual((await visit(read, { cookie })).json(), { user_id: 42 })
    t.mock.timers.tick(1000)
    t.assert.deepStrictEqual((await visit(read, { cookie })).json(), {})
    t.assert.deepStrictEqual(log.lines.map(({ level, code }) => [level, code]), [[20, 'ERR_TOKEN_SIGNATURE_EXPIRED']])
  })

  test('since its payload is none, under a right signature, is an empty session and a warning', async (t: TestContext) => {
    for (const payload of ['eyJ1c2VyX2lkIjo0Mn0', '.eJyrViotTi2Kz0xRsjIxqgUAJw4FHw', 'A'.repeat(96)]) {
      const log = logOf()
      const { visit } = await sessionApp(t, { sealed: true }, { server: log.server })

      const response = await visit(read, { cookie: `session=${serializer().makeSigner().sign(payload)}` })

      t.assert.deepStrictEqual(response.json(), {})
      t.assert.deepStrictEqual(log.lines.map(({ level, code, msg }) => [level, code, msg]),
        [[40, 'ERR_TOKEN_BAD_PAYLOAD', 'session cookie with a valid signature is unreadable']])
    }
  })

  test('since only its digest is another gets the warning that names the digest', async (t: TestContext) => {
    const log = logOf('warn')
    const { visit } = await sessionApp(t, { sealed: true }, { server: log.server })

    await visit(read, { cookie: sealedCookie('{"user_id":42}', { digest: 'sha1' }) })

    t.assert.deepStrictEqual(log.lines.map(({ msg }) => msg), ['session: a cookie was refused that is signed with the right key, but with another ' +
      "digest: set the option digestMethod to 'sha1', or to a list that contains it"])
  })
})

describe('sealed: { readSigned: true }', () => {
  test('takes over a signed cookie, and the next response seals it', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: { readSigned: true } })

    const first = await visit(read, { cookie: cookieOf({ user_id: 42 }) })
    const second = await visit(read, { cookie: cookieAfter(first) })

    t.assert.deepStrictEqual(first.json(), { user_id: 42 })
    t.assert.deepStrictEqual(sealedData(first), { user_id: 42 })
    t.assert.deepStrictEqual(second.json(), { user_id: 42 })
    t.assert.strictEqual(sessionCookieOf(second), undefined)
  })

  test('seals a signed cookie each time that it comes, also when it was seen before', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: { readSigned: true } })
    const cookie = cookieOf({ user_id: 42 })
    for (let i = 0; i < 3; i++) t.assert.deepStrictEqual(sealedData(await visit(read, { cookie })), { user_id: 42 })
  })

  test('gives way to a Set-Cookie of its name, unless the application changes the session', async (t: TestContext) => {
    for (const revocation of [undefined, {}]) {
      const log = logOf('warn')
      const { visit } = await sessionApp(t, { sealed: { readSigned: true }, revocation }, { server: log.server })
      const beside = async (act: Act, data: object): Promise<string[]> => {
        const answer = await visit((...all) => {
          all[2].header('set-cookie', 'session=upstream; Path=/')
          return act(...all)
        }, { cookie: cookieOf(data) })
        return setCookiesOf(answer).map(({ value }) => value)
      }

      t.assert.deepStrictEqual(await beside(read, { user_id: 42 }), ['upstream'])
      t.assert.deepStrictEqual(await beside(read, {}), ['upstream'])
      t.assert.strictEqual(log.text(), '')
      t.assert.strictEqual((await beside(write, { user_id: 41 })).length, 2)
    }
  })

  test('leaves a signed cookie that is too long when it is sealed, with a warning', async (t: TestContext) => {
    const log = logOf('warn')
    const { visit } = await sessionApp(t, { sealed: { readSigned: true } }, { server: log.server })
    const data = { note: 'a'.repeat(5000) }
    const compressed = `session=${new FlaskFormat(signingSerializer()).encode(JSON.stringify(data), 1000)}`

    const answer = await visit(read, { cookie: compressed })

    t.assert.deepStrictEqual([answer.json(), setCookiesOf(answer)], [data, []])
    t.assert.deepStrictEqual(log.lines.map(({ msg }) => msg), ['the session cookie could not be refreshed'])
  })

  test('warns of no lost change when the reply to a signed cookie is hijacked', async (t: TestContext) => {
    const log = logOf('warn')
    const { visit } = await sessionApp(t, { sealed: { readSigned: true } }, { server: log.server })

    await visit((session, _request, reply) => {
      session.get('list')
      reply.hijack()
      reply.raw.end('hello')
      return reply
    }, { cookie: cookieOf({ user_id: 42, list: [1] }) })
    await setImmediate()

    t.assert.strictEqual(log.text(), '')
  })

  test('judges the age and the content of a signed cookie as ever', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const { visit } = await sessionApp(t, { sealed: { readSigned: true }, permanentSessionLifetime: 60 })
    const cookie = cookieOf({ user_id: 42 })

    t.mock.timers.tick(61_000)
    t.assert.deepStrictEqual((await visit(read, { cookie })).json(), {})
    t.assert.deepStrictEqual((await visit(read, { cookie: cookieOf([1]) })).json(), {})
  })

  test('says which digest signed a cookie that it would read, and not that such cookies are not read', async (t: TestContext) => {
    const log = logOf()
    const { visit } = await sessionApp(t, { sealed: { readSigned: true } }, { server: log.server })

    await visit((session) => session.user_id, { cookie: cookieOf({ user_id: 42 }, { digest: 'sha1' }) })

    t.assert.match(log.text(), /signed with the right key, but with another digest: set the option digestMethod to 'sha1'/)
    t.assert.doesNotMatch(log.text(), /looks signed/)
  })

  test('reads no signed cookie with readSigned: false', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: { readSigned: false } })

    t.assert.deepStrictEqual((await visit(read, { cookie: cookieOf({ user_id: 42 }) })).json(), {})
  })

  test('reads cookies of @fastify/secure-session besides, and seals both', async (t: TestContext) => {
    const key = Buffer.alloc(32, 7)
    const nonce = Buffer.alloc(24, 1)
    const message = Buffer.from(`{"user_id":42,"__ts":${Math.floor(Date.now() / 1000)}}`)
    const text = (bytes: Uint8Array): string => encodeURIComponent(Buffer.from(bytes).toString('base64'))
    const boxed = `session=${text(nacl.secretbox(message, nonce, key))}%3B${text(nonce)}`
    for (const sealed of [true, { readSigned: true }]) {
      const { visit } = await sessionApp(t, { sealed, readSecureSession: { key } })
      for (const cookie of [boxed, ...(sealed === true ? [] : [cookieOf({ user_id: 42 })])]) {
        const first = await visit(read, { cookie })

        t.assert.deepStrictEqual(first.json(), { user_id: 42 })
        t.assert.deepStrictEqual(sealedData(first), { user_id: 42 })
        t.assert.deepStrictEqual((await visit(read, { cookie: cookieAfter(first) })).json(), { user_id: 42 })
      }
    }
  })
})

describe('several sessions', () => {
  const admin = { sessionName: 'admin' }
  const secrets = async (t: TestContext, options: SecureSessionOptions): Promise<Array<string | undefined>> => {
    const app = await buildApp(t, options)
    app.get('/', async (request) => {
      request.session.a = 1
      ;(request as unknown as { admin: Session }).admin.b = 2
    })
    const response = await app.inject('/')
    return [sessionCookieOf(response)?.value, sessionCookieOf(response, 'admin')?.value]
  }

  test('are each sealed with a salt of its own', async (t: TestContext) => {
    const [one, other] = await secrets(t, { sealed: true, sessions: [{}, admin] })

    t.assert.deepStrictEqual([opened(one), opened(other, { salt: 'cookie-session.admin.sealed' })], [{ a: 1 }, { b: 2 }])
    t.assert.strictEqual(opened(other), undefined)
  })

  test('are sealed with the common salt, the name of the session and .sealed', async (t: TestContext) => {
    const [one, other] = await secrets(t, { sealed: true, salt: 'own', sessions: [{}, admin] })

    t.assert.deepStrictEqual([opened(one, { salt: 'own.sealed' }), opened(other, { salt: 'own.admin.sealed' })], [{ a: 1 }, { b: 2 }])
  })

  test('need not all be sealed', async (t: TestContext) => {
    const [one, other] = await secrets(t, { sealed: true, sessions: [{ sealed: false }, admin] })

    t.assert.deepStrictEqual(savedData({ headers: { 'set-cookie': `session=${one}` } }), { a: 1 })
    t.assert.deepStrictEqual(opened(other, { salt: 'cookie-session.admin.sealed' }), { b: 2 })
  })

  const sharing: Record<string, SecureSessionOptions['sessions']> = {
    'are sealed with one salt': [{ sealed: true, salt: 'a' }, { ...admin, sealed: true, salt: 'a' }],
    'have the salt of a sealed session': [{ sealed: true }, { ...admin, salt: 'cookie-session.sealed' }],
    'have the name of a sealed session': [{ ...admin, sealed: true }, { sessionName: 'admin.sealed' }],
    'read the signed cookies of another': [{ sealed: { readSigned: true } }, { ...admin, salt: 'cookie-session' }],
    'read the signed cookies that another reads': [{ sealed: { readSigned: true } }, { ...admin, sealed: { readSigned: true }, salt: 'cookie-session' }]
  }
  for (const [what, sessions] of Object.entries(sharing)) {
    test(`stop the start when they ${what}`, async (t: TestContext) => {
      const { code, message } = await refusalOf(t, { sessions })

      t.assert.strictEqual(code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.match(message, /^salt must be another one for each session with the same key/)
    })
  }
})

describe('a sealed session stops the start', () => {
  test('with a key derivation that leaves out the salt', async (t: TestContext) => {
    class Own extends SecureCookieSessionInterface {
      override sealed = { readSigned: true }
      override keyDerivation = 'none' as const
    }
    for (const [options, name] of [
      [{ sealed: true, keyDerivation: 'none' }, 'keyDerivation'],
      [{ keyDerivation: 'none', sessions: [{ sealed: { readSigned: false } }] }, 'keyDerivation'],
      [{ sessionInterface: new Own() }, 'sessionInterface.keyDerivation']
    ] as const) {
      const { code, message } = await refusalOf(t, options)

      t.assert.deepStrictEqual([code, message], ['FST_SESSION_INVALID_CONFIG',
        `${name} must be another for a sealed session, which a salt keeps apart from signed ones, got 'none'`])
    }
  })

  test('without a key', async (t: TestContext) => {
    for (const sealed of [true, { readSigned: true }]) {
      const { code, message } = await refusalOf(t, { sealed, secretKey: undefined })

      t.assert.deepStrictEqual([code, message], ['FST_SESSION_INVALID_CONFIG', 'SECRET_KEY must be set for session, which is sealed, got none'])
    }
  })

  for (const sealed of [null, 1, 'true', {}, { readsigned: true }, { readSigned: 'yes' }, []]) {
    test(`with sealed: ${JSON.stringify(sealed)}`, async (t: TestContext) => {
      const { code, message } = await refusalOf(t, { sealed } as unknown as SecureSessionOptions)

      t.assert.strictEqual(code, 'FST_SESSION_INVALID_CONFIG')
      t.assert.match(message, /^sealed must be true, false or \{ readSigned: true \}, got /)
    })
  }

  test('only when it is sealed: without a key a signed one is empty and read-only', async (t: TestContext) => {
    const { visit } = await sessionApp(t, { sealed: false, secretKey: undefined })

    t.assert.strictEqual((await visit(write)).statusCode, 500)
    t.assert.deepStrictEqual((await visit((session) => Object.keys(session))).json(), [])
  })
})

test('a weak key of a sealed session gets a warning that says what it costs', async (t: TestContext) => {
  const log = logOf('warn')
  const app = await buildApp(t, { sealed: true, secretKey: 'dev' }, { server: log.server })

  await app.ready()

  t.assert.deepStrictEqual(log.lines.map(({ msg }) => msg), [
    'session: secretKey is a published placeholder. Whoever guesses it can read sealed sessions offline and sign in as anybody'
  ])
})

test('the cookie of a sealed session tells of its content no more than its length in steps of 32 bytes', async (t: TestContext) => {
  const { visit } = await sessionApp(t, { sealed: true })
  const lengths = new Map<number, number>()
  for (let length = 0; length < 96; length++) {
    const { value = '' } = sessionCookieOf(await visit((session) => { session.a = noise(length) })) ?? {}
    lengths.set(value.length, (lengths.get(value.length) ?? 0) + 1)
  }

  // {"a":""} has 8 bytes.
  t.assert.deepStrictEqual([...lengths.values()], [25, 32, 32, 7])
})
