import assert from 'node:assert'
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import type { InspectOptions } from 'node:util'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Session, SessionOptions } from '../../lib/index.ts'
import { Signer } from '../../lib/itsdangerous/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'
import { buildApp, setCookiesOf } from '../helpers.ts'

/** Every session has a key of its own, and each of them an older one. The first key of all is bytes. */
const keys = {
  signed: { secretKey: Buffer.from('bytes of a key of the tests'), salt: 'cookie-session.signed' },
  sealed: { secretKey: 'a key of the sealed session', salt: 'cookie-session.sealed.sealed' },
  stored: { secretKey: 'a key of the session in a store', salt: 'flask-session' },
  revocable: { secretKey: 'a key of the revocable session', salt: 'cookie-session.revocable' }
} as const
type Name = keyof typeof keys
const names = Object.keys(keys) as Name[]
const foreignKey = Buffer.from('0123456789abcdefghijklmnopqrstuv')

const kinds: Record<Name, SessionOptions> = {
  signed: { readSecureSession: { key: foreignKey } },
  sealed: { sealed: { readSigned: true } },
  stored: { store: memoryStore(), signIds: 'flask-session' },
  revocable: { revocation: { store: memoryStore(), user: (session) => session['user'] as string } }
}

const olderKey = (name: string): string => `an older one of ${name}`

/** The spellings of a secret in what is printed, once white space is taken out of it. */
function spellings (secret: string | Uint8Array): string[] {
  const bytes = Buffer.from(secret as string)
  const some = bytes.subarray(0, 20) // `inspect` cuts off long lists
  return [
    bytes.toString('latin1').replaceAll(' ', ''), bytes.toString('hex'), bytes.toString('base64').replaceAll('=', ''), bytes.toString('base64url'),
    some.toString('hex'), [...some].join(','), [...some].map((byte) => byte.toString(16)).join(',')
  ]
}

/** What nobody may see: the keys, and those that are derived from them, with which cookies are signed and sealed. */
const secrets: Array<[what: string, spelling: string]> = [
  ...names.flatMap((name) => {
    const { secretKey, salt } = keys[name]
    const digestMethod = name === 'stored' ? 'sha1' : 'sha512'
    const derived = new Signer(secretKey, { salt, keyDerivation: 'hmac', digestMethod }).deriveKey()
    return [[`the key of ${name}`, secretKey], [`the older key of ${name}`, olderKey(name)], [`the derived key of ${name}`, derived]] as Array<[string, string | Uint8Array]>
  }),
  ['the key of readSecureSession', foreignKey] as [string, Uint8Array]
].flatMap(([what, secret]) => spellings(secret).map((spelling): [string, string] => [what, spelling]))

const secretsIn = (text: string): string[] => {
  const dense = text.replace(/\s+/g, '')
  return [...new Set(secrets.filter(([, spelling]) => dense.includes(spelling)).map(([what]) => what))]
}

const everything: InspectOptions = { depth: Infinity, showHidden: true, showProxy: true, customInspect: false, maxArrayLength: null, maxStringLength: null }

function logged (value: unknown): string {
  let text = ''
  const stdout = new Writable({ write (chunk, _encoding, done) { text += String(chunk); done() } })
  new Console({ stdout }).log(value)
  return text
}

function difference (value: unknown): string {
  try {
    assert.strictEqual(value, null)
  } catch (error) {
    return `${(error as Error).message}\n${inspect(error)}`
  }
  throw new Error('there is no difference')
}

const prints: Record<string, (value: unknown) => string> = {
  'inspect that shows all there is': (value) => inspect(value, everything),
  'inspect that shows all there is with custom functions': (value) => inspect(value, { ...everything, customInspect: true, depth: 8 }),
  'inspect that calls getters': (value) => inspect(value, { ...everything, depth: 6, getters: true, maxArrayLength: 100 }),
  'the difference of an assertion': difference,
  'console.log': logged
}

interface Printed {
  request: FastifyRequest
  reply: FastifyReply
  app: FastifyInstance
  sessions: Session[]
}

/** The sessions are opened, read from their cookies, written and saved when they are printed. */
async function printed (t: TestContext, where: 'options' | 'config', print: (all: Printed) => void): Promise<void> {
  let [isSecond, isShown] = [false, false]
  const app = await buildApp(t, {
    secretKey: undefined,
    sessions: names.map((sessionName) => {
      const own = where === 'options' ? { secretKey: keys[sessionName].secretKey, secretKeyFallbacks: [olderKey(sessionName)] } : { confKey: `config-${sessionName}` }
      return { sessionName, ...kinds[sessionName], ...own }
    })
  }, {
    before (app) {
      for (const name of where === 'config' ? names : []) {
        const config = { SECRET_KEY: keys[name].secretKey, SECRET_KEY_FALLBACKS: [olderKey(name)] }
        // What the application itself puts on the instance is its own affair.
        app.decorate(`config-${name}`, { getter: () => isShown ? null : config })
      }
    }
  })
  app.get('/', async (request, reply) => {
    const sessions = names.map((name) => Reflect.get(request, name) as Session)
    for (const session of sessions) session['count'] = (session['count'] ?? 0) + 1
    if (!isSecond) return 'written'
    t.assert.deepStrictEqual(sessions.map((session) => session['count']), [2, 2, 2, 2])
    for (const session of sessions) await session.save()
    isShown = true
    print({ request, reply, app, sessions })
    isShown = false
    return 'printed'
  })
  const cookie = setCookiesOf(await app.inject('/')).map(({ name, value }) => `${name}=${value}`).join('; ')
  isSecond = true
  const response = await app.inject({ url: '/', headers: { cookie } })
  t.assert.strictEqual(response.body, 'printed')
}

describe('no key, given or derived, is in what is printed', () => {
  for (const where of ['options', 'config'] as const) {
    for (const [how, print] of Object.entries(prints)) {
      test(`by ${how}, of keys in the ${where}`, async (t: TestContext) => {
        await printed(t, where, ({ request, reply, app, sessions }) => {
          t.assert.strictEqual(reply.request, request)
          // Node.js 24 takes minutes to compare the lines of all that hangs on a request.
          const others = print === difference ? {} : { request, reply, app }
          const values = { ...others, ...Object.fromEntries(sessions.map((session, i) => [names[i], session])) }
          for (const [what, value] of Object.entries(values)) {
            const text = print(value)
            t.assert.ok(text.length > 20, what)
            t.assert.deepStrictEqual(secretsIn(text), [], what)
          }
        })
      })
    }
  }

  test('though it would be found', (t: TestContext) => {
    for (const name of names) {
      const key = Buffer.from(keys[name].secretKey as string)
      for (const text of [String(key), key.toString('hex'), key.toString('base64'), key.toString('base64url'), inspect({ key }), inspect(new Uint8Array(key)), inspect(key, { customInspect: false })]) {
        t.assert.deepStrictEqual(secretsIn(text), [`the key of ${name}`], text)
      }
    }
  })
})
