import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { differences, Tally } from './differences.ts'
import type { DifferenceName } from './differences.ts'
import { cookieOf, FastifyApp, FlaskApp, noon, secretKey, setCookieOf, withEachFlask } from './each-flask.ts'
import type { FlaskConfig, Peer, Step, Versions } from './peer.ts'
import type { SecureSessionOptions } from '../../lib/index.ts'
import type { Session } from '../../types/session.ts'
import { parseSetCookie } from './token.ts'
import type { SetCookie } from './token.ts'

const setUser: Step = { op: 'set', key: 'user_id', value: { $int: '42' } }

const differs = (name: DifferenceName, versions: Versions): boolean => differences[name].appliesTo(versions)

/** The cookie that Flask sends with such settings; undefined where it fails. */
async function cookieOfFlask (peer: Peer, config: FlaskConfig): Promise<SetCookie | undefined> {
  const flask = await FlaskApp.start(peer, { config })
  const { status, headers } = await flask.request(undefined, [setUser])
  return status === 200 ? parseSetCookie(setCookieOf(headers) ?? '') : undefined
}

/** The cookie sent here with such options. */
async function cookieOfOurs (t: TestContext, options: SecureSessionOptions): Promise<SetCookie> {
  const ours = await FastifyApp.start(t, { digestMethod: 'sha1', ...options })
  const { headers } = await ours.request(undefined, ({ session }) => { session.user_id = 42 })
  return parseSetCookie(String(headers['set-cookie']))
}

async function bothSides (t: TestContext, peer: Peer, options: SecureSessionOptions = {}): Promise<{ flask: FlaskApp, ours: FastifyApp }> {
  return { flask: await FlaskApp.start(peer), ours: await FastifyApp.start(t, { digestMethod: 'sha1', ...options }) }
}

describe('a known difference', () => {
  test('of one version excuses no other version', (t: TestContext) => {
    const versions = (flask: string, werkzeug: string): Versions => ({
      executable: '', python: '', itsdangerous: '', flask, werkzeug, features: { fallbacks: false, partitioned: false }
    })
    t.assert.strictEqual(new Tally(versions('2.2.2', '2.2.2')).excuse('domainDot'), true)
    t.assert.strictEqual(new Tally(versions('3.1.3', '3.1.8')).excuse('domainDot'), false)
    t.assert.strictEqual(new Tally(versions('3.1.2', '3.1.3')).excuse('varyOfLooks'), true)
    t.assert.strictEqual(new Tally(versions('3.1.3', '3.1.3')).excuse('varyOfLooks'), false)
    t.assert.strictEqual(new Tally(versions('3.0.3', '3.0.3')).knows('fallbacks'), true)
    t.assert.strictEqual(new Tally(versions('3.1.0', '3.1.0')).knows('fallbacks'), false)
  })
})

describe('older versions of Flask, where 3.1.3 holds', () => {
  withEachFlask(differences.fallbacks.feature, async (t: TestContext, peer, versions) => {
    const config = { SECRET_KEY: 'new', SECRET_KEY_FALLBACKS: [secretKey] }
    const { flask, ours } = await bothSides(t, peer, { secretKey: 'new', secretKeyFallbacks: [secretKey] })
    const login = await flask.set(undefined, 'user_id', { $int: '42' })
    const rotated = await FlaskApp.start(peer, { config }, 'rotated')
    t.assert.strictEqual(await ours.read(login, ({ session }) => session.user_id), 42)
    t.assert.strictEqual(await rotated.get(login, 'user_id'), differs('fallbacks', versions) ? null : 42)
  })

  withEachFlask(differences.partitioned.feature, async (t: TestContext, peer, versions) => {
    const here = await cookieOfOurs(t, { cookie: { partitioned: true } })
    const there = await cookieOfFlask(peer, { SESSION_COOKIE_PARTITIONED: true })
    t.assert.deepEqual(here.attributes, { path: '/', httponly: true, secure: true, partitioned: true })
    t.assert.deepEqual(there?.attributes, differs('partitioned', versions) ? { path: '/', httponly: true } : here.attributes)
  })

  for (const op of ['len', 'keys', 'values', 'items', 'iterate'] as const) {
    withEachFlask(`${differences.varyOfLooks.feature} (here: ${op})`, async (t: TestContext, peer, versions) => {
      const { flask, ours } = await bothSides(t, peer)
      const { headers } = await flask.request(undefined, [{ op }])
      const { headers: { vary } } = await ours.request(undefined, ({ session }) => op === 'len' ? session.size : op === 'keys' ? session.keys() : [...session])
      t.assert.strictEqual(vary, 'Cookie')
      t.assert.strictEqual(headers.find(([name]) => name === 'Vary')?.[1], differs('varyOfLooks', versions) ? undefined : 'Cookie')
    })
  }

  withEachFlask(differences.domainDot.feature, async (t: TestContext, peer, versions) => {
    const here = await cookieOfOurs(t, { cookie: { domain: '.example.com' } })
    const there = await cookieOfFlask(peer, { SESSION_COOKIE_DOMAIN: '.example.com' })
    t.assert.strictEqual(here.attributes['domain'], 'example.com')
    t.assert.strictEqual(there?.attributes['domain'], differs('domainDot', versions) ? '.example.com' : 'example.com')
  })

  withEachFlask(differences.domainWithoutDot.feature, async (t: TestContext, peer, versions) => {
    const here = await cookieOfOurs(t, { cookie: { domain: 'localhost' } })
    const there = await cookieOfFlask(peer, { SESSION_COOKIE_DOMAIN: 'localhost' })
    t.assert.strictEqual(here.attributes['domain'], 'localhost')
    t.assert.strictEqual(there?.attributes['domain'], differs('domainWithoutDot', versions) ? undefined : 'localhost')
  })

  withEachFlask(differences.pathQuoting.feature, async (t: TestContext, peer, versions) => {
    const here = await cookieOfOurs(t, { cookie: { path: '/a;b"c#d' } })
    const there = await cookieOfFlask(peer, { SESSION_COOKIE_PATH: '/a;b"c#d' })
    t.assert.strictEqual(here.attributes['path'], '/a%3Bb%22c%23d')
    t.assert.strictEqual(there?.attributes['path'] === here.attributes['path'], !differs('pathQuoting', versions))
  })
})

describe('other than Flask, on purpose', () => {
  withEachFlask(differences.nestedChanges.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const cookie = await flask.set(undefined, 'items', { $list: [] })
    const there = await flask.request(cookie, [{ op: 'append', path: ['items'], value: 'book' }])
    const here = await ours.request(cookie, ({ session }) => session.items.push('book'))
    t.assert.strictEqual(cookieOf(there.headers), '')
    t.assert.deepStrictEqual(await flask.get(here.cookie, 'items'), ['book'])
  })

  withEachFlask(differences.flagsAreNoAccess.feature, async (t: TestContext, peer, versions) => {
    const { flask, ours } = await bothSides(t, peer)
    const { headers } = await flask.request(undefined, [{ op: 'modified' }, { op: 'new' }, { op: 'accessed' }])
    const { headers: { vary } } = await ours.request(undefined, ({ session }) => [session.modified, session.new, session.accessed])
    t.assert.strictEqual(vary, undefined)
    t.assert.strictEqual(headers.find(([name]) => name === 'Vary')?.[1], differs('flagsAreNoAccess', versions) ? 'Cookie' : undefined)
  })

  withEachFlask(differences.clockTolerance.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const ahead = async (seconds: number): Promise<string> => cookieOf((await flask.request(undefined, [setUser], { now: noon + seconds })).headers)
    const [five, six] = [await ahead(5), await ahead(6)]
    t.assert.strictEqual(await ours.read(five, ({ session }) => session.user_id), 42)
    t.assert.strictEqual(await ours.read(six, ({ session }) => session.user_id), undefined)
    t.assert.strictEqual(await flask.get(five, 'user_id'), null)
  })

  withEachFlask(differences.overflow.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const noise = Array.from({ length: 1200 }, (_, index) => Math.imul(index + 1, 0x9e3779b1) >>> 0).join(' ')
    const there = await flask.request(undefined, [{ op: 'set', key: 'noise', value: noise }])
    const here = await ours.request(undefined, ({ session }) => { session.noise = noise })
    t.assert.strictEqual(there.status, 200)
    t.assert.match(there.warnings?.[0] ?? '', /cookie is too large/)
    t.assert.strictEqual(here.status, 500)
    t.assert.strictEqual(here.cookie, '')

    const permanent = cookieOf((await flask.request(undefined, [{ op: 'set', key: 'noise', value: noise }, { op: 'permanent', value: true }])).headers)
    t.assert.notStrictEqual(cookieOf((await flask.request(permanent, [])).headers), '')
    const untouched = await ours.request(permanent, () => {})
    t.assert.deepStrictEqual([untouched.status, untouched.cookie], [200, ''])
    t.assert.strictEqual(await ours.read(permanent, ({ session }) => session.noise), noise)
  })

  withEachFlask(differences.strictSpelling.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const cookie = await flask.set(undefined, 'user_id', { $int: '42' })
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // 20 bytes are 26 2/3 characters: the last two bits say nothing
    const respelled = cookie.slice(0, -1) + alphabet[alphabet.indexOf(cookie.at(-1) as string) + 1]
    t.assert.strictEqual(await flask.get(respelled, 'user_id'), 42)
    t.assert.strictEqual(await ours.read(respelled, ({ session }) => session.user_id), undefined)
  })

  withEachFlask(differences.quotedCookie.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const quoted = (await flask.set(undefined, 'user_id', { $int: '42' })).replace(/=(.*)$/, '="$1"')
    t.assert.strictEqual(await flask.get(quoted, 'user_id'), 42)
    t.assert.strictEqual(await ours.read(quoted, ({ session }) => session.user_id), undefined)
  })

  withEachFlask(differences.otherDigest.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer, { digestMethod: ['sha1', 'sha512'] })
    const moved = await FlaskApp.start(peer, { digest: 'sha512' }, 'moved')
    const cookie = await moved.set(undefined, 'user_id', { $int: '42' })
    t.assert.strictEqual(await ours.read(cookie, ({ session }) => session.user_id), 42)
    t.assert.strictEqual(await flask.get(cookie, 'user_id'), null)
  })

  withEachFlask(`${differences.wholeFloats.feature}: carried along`, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const cookie = await flask.set(undefined, 'rates', { $list: [{ $float: '1.0' }, { $int: '1' }] })
    const { cookie: carried } = await ours.request(cookie, ({ session }) => { session.seen = true })
    t.assert.deepStrictEqual((await flask.request(carried, [{ op: 'item', key: 'rates' }])).steps, [
      { value: { $list: [{ $float: '1.0' }, { $int: '1' }] } }
    ])
  })

  withEachFlask(differences.wholeFloats.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const cookie = await flask.set(undefined, 'rate', { $float: '1.0' })
    const { cookie: moved } = await ours.request(cookie, ({ session }) => { session.other = session.rate })
    t.assert.deepStrictEqual((await flask.request(moved, [{ op: 'item', key: 'rate' }, { op: 'item', key: 'other' }])).steps, [
      { value: { $float: '1.0' } }, { value: { $int: '1' } }
    ])
  })

  withEachFlask(differences.permanentIsBoolean.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const cookie = await flask.set(undefined, '_permanent', 'yes')
    t.assert.deepStrictEqual((await flask.request(cookie, [{ op: 'permanent' }])).steps, [{ value: 'yes' }])
    t.assert.strictEqual(await ours.read(cookie, ({ session }) => session.permanent), true)
  })

  withEachFlask(differences.permanentTruth.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const empty = await flask.request(undefined, [{ op: 'set', key: '_permanent', value: { $list: [] } }])
    const nan = await flask.request(undefined, [{ op: 'set', key: '_permanent', value: { $float: 'nan' } }])
    t.assert.deepStrictEqual([empty.session?.permanent, nan.session?.permanent], [false, true])
    t.assert.strictEqual(await ours.read(cookieOf(empty.headers), ({ session }) => session.permanent), true)
    t.assert.strictEqual(await ours.read(cookieOf(nan.headers), ({ session }) => session.permanent), false)
  })

  withEachFlask(differences.indexKeys.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const { cookie } = await ours.request(undefined, ({ session }) => session.update({ b: 1, 42: 2 }))
    const last = { op: 'popitem' } as const
    t.assert.deepStrictEqual((await flask.request(undefined, [{ op: 'update', value: { $dict: [['b', true], ['42', true]] } }, last])).steps[1], { value: { $tuple: ['42', true] } })
    t.assert.deepStrictEqual(await ours.read(undefined, ({ session }) => { session.update({ b: 1, 42: 2 }); return session.popItem() }), ['b', 1])
    // and so in the cookie
    t.assert.deepStrictEqual((await flask.request(cookie, [{ op: 'iterate' }])).steps, [{ value: { $list: ['42', 'b'] } }])
  })

  withEachFlask(differences.memberKeys.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const cookie = await flask.set(undefined, 'keys', 'of the house')
    t.assert.strictEqual(await ours.read(cookie, ({ session }) => session.get('keys')), 'of the house')
    t.assert.strictEqual(await ours.read(cookie, ({ session }) => typeof session.keys), 'function')
  })

  withEachFlask(differences.domainCase.feature, async (t: TestContext, peer) => {
    const here = await cookieOfOurs(t, { cookie: { domain: 'EXAMPLE.com' } })
    const there = await cookieOfFlask(peer, { SESSION_COOKIE_DOMAIN: 'EXAMPLE.com' })
    t.assert.deepStrictEqual([here.attributes['domain'], there?.attributes['domain']], ['example.com', 'EXAMPLE.com'])
  })

  withEachFlask(differences.nullSessionFlag.feature, async (t: TestContext, peer) => {
    const flask = await FlaskApp.start(peer, { config: { SECRET_KEY: null } })
    const ours = await FastifyApp.start(t, { secretKey: null })
    const { status, headers } = await flask.request(undefined, [{ op: 'modified', value: true }], { raise: true })
    t.assert.deepStrictEqual([status, cookieOf(headers)], [200, ''])
    t.assert.strictEqual((await ours.request(undefined, ({ session }) => { session.modified = true })).status, 500)
  })

  withEachFlask(differences.earlyYears.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    // 0050-01-01 and 0099-01-01
    const { cookie } = await ours.request(undefined, ({ session }) => { session.days = [new Date(-60589296000000), new Date(-59042995200000)] })
    t.assert.deepStrictEqual(await ours.read(cookie, ({ session }) => session.days), [new Date('0050-01-01'), new Date('0099-01-01')])
    t.assert.deepStrictEqual(await flask.get(cookie, 'days'), [new Date('2050-01-01'), new Date('1999-01-01')])
  })

  withEachFlask(differences.unreadable.feature, async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const made = await peer.dumps({ kind: 'URLSafeTimedSerializer', serializer: 'tagged', key: secretKey, salt: 'cookie-session', keyDerivation: 'hmac', digest: 'sha1', value: { $int: '1' }, now: noon })
    const cookie = `session=${'token' in made ? String(made.token) : ''}`
    t.assert.strictEqual((await flask.request(cookie)).status, 500)
    t.assert.strictEqual(await ours.read(cookie, ({ session }) => session.size), 0)
  })
})

describe('as in Flask', () => {
  withEachFlask('dates keep whole seconds', async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const { cookie } = await ours.request(undefined, ({ session }) => { session.at = new Date('2024-05-17T12:00:00.987Z') })
    t.assert.deepStrictEqual(await flask.get(cookie, 'at'), new Date('2024-05-17T12:00:00.000Z'))
    t.assert.deepStrictEqual(await ours.read(cookie, ({ session }) => session.at), new Date('2024-05-17T12:00:00.000Z'))
  })

  withEachFlask('a session whose only key looks like a tag is a session', async (t: TestContext, peer) => {
    const { flask, ours } = await bothSides(t, peer)
    const { cookie } = await ours.request(undefined, ({ session }: { session: Session }) => { session.set(' t', ['a']) })
    t.assert.deepStrictEqual(await flask.get(cookie, ' t'), ['a'])
    t.assert.deepStrictEqual(await ours.read(await flask.set(undefined, ' di', true), ({ session }) => session.data()), { ' di': true })
  })
})
