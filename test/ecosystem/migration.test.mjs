// An application of a page, written for @fastify/secure-session, and the same moved to ours.
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { Browser, setCookies } from './browser.mjs'
import * as after from './migration/after.mjs'
import * as before from './migration/before.mjs'
import * as sealed from './migration/sealed.mjs'

const environment = { COOKIE_KEY: '4fe91796c30bd989d95b62dc46c7c3ba0b6aa2df2187400586a4121c54c53b85', SECURE: 'false' }

/** Walks through the shop and says what it saw. */
async function walk (t, { shop, whoseCookie }) {
  const fastify = await shop(environment)
  t.after(() => fastify.close())
  const browser = new Browser(fastify)
  const seen = []
  const see = async (step, response) => {
    const { statusCode, headers: { location }, body } = await response
    seen.push([step, statusCode, location ?? body])
  }

  await see('home', browser.get('/'))
  await see('cart of a stranger', browser.get('/cart'))
  await see('a form without its token', browser.post('/login', { name: 'ada' }))
  const { token } = (await browser.get('/login')).json()
  await see('a stranger logs in', browser.post('/login', { name: 'eve', _csrf: token }))
  const login = await browser.post('/login', { name: 'ada', _csrf: token, remember: true })
  await see('login', login)
  seen.push(['cookie', attributes(setCookies(login)[0])])
  await see('home', browser.get('/'))
  await see('home again', browser.get('/'))
  await see('cart', browser.get('/cart'))
  await see('pear', browser.post('/cart', { item: 'pear' }))
  await see('plum', browser.post('/cart', { item: 'plum' }))
  await see('ping', browser.get('/ping'))
  await see('debug', browser.get('/debug'))
  seen.push(['whose', whoseCookie(fastify, decodeURIComponent(await browser.cookie('shop-session')))])
  seen.push(['whose, forged', whoseCookie(fastify, 'forged')])
  await see('order', browser.post('/order', {}))
  await see('cart', browser.get('/cart'))
  const logout = await browser.post('/logout', {})
  await see('logout', logout)
  seen.push(['cookie', attributes(setCookies(logout)[0])])
  await see('cart of a stranger', browser.get('/cart'))
  return seen
}

function attributes (cookie) {
  return cookie.split('; ').slice(1).sort().join('; ')
}

/** The lines that one text has and another has not, in their order. */
function linesOnlyIn (text, other) {
  const left = other.split('\n')
  return text.split('\n').filter((line) => {
    const at = left.indexOf(line)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}

const source = (name) => readFile(new URL(`./migration/${name}.mjs`, import.meta.url), 'utf8')

describe('an application written for @fastify/secure-session', () => {
  const expected = [
    ['home', 200, '{"user":null,"messages":{}}'],
    ['cart of a stranger', 302, '/login'],
    ['a form without its token', 403, '{"statusCode":403,"code":"FST_CSRF_MISSING_SECRET","error":"Forbidden","message":"Missing csrf secret"}'],
    ['a stranger logs in', 401, '{"error":"unknown user"}'],
    ['login', 302, '/cart'],
    ['cookie', 'HttpOnly; Max-Age=2592000; Path=/; SameSite=Lax'],
    ['home', 200, '{"user":"ada","messages":{"info":["Welcome, ada"]}}'],
    ['home again', 200, '{"user":"ada","messages":{}}'],
    ['cart', 200, '[]'],
    ['pear', 200, '["pear"]'],
    ['plum', 200, '["pear","plum"]'],
    ['ping', 200, '{"changed":true}'],
    ['debug', 200, '{"user":"ada","flash":{},"cart":["pear","plum"]}'],
    ['whose', 'ada'],
    ['whose, forged', null],
    ['order', 200, '{"user":"ada","items":["pear","plum"]}'],
    ['cart', 200, '[]'],
    ['logout', 302, '/'],
    ['cookie', 'Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=0; Path=/; SameSite=Lax'],
    ['cart of a stranger', 302, '/login']
  ]

  test('does on ours what it did', async (t) => {
    t.assert.deepStrictEqual(await walk(t, before), expected)
    t.assert.deepStrictEqual(await walk(t, after), expected)
    t.assert.deepStrictEqual(await walk(t, sealed), expected)
  })

  /** The lines of the application before that none of the applications after has. */
  const replaced = [
    "import fastifySecureSession from '@fastify/secure-session'",
    '  await fastify.register(fastifySecureSession, {',
    "    key: Buffer.from(environment.COOKIE_KEY, 'hex'),",
    '    expiry: 24 * 60 * 60,'
  ]

  test('changes in four lines and gets a fifth', async (t) => {
    const [old, moved] = await Promise.all([source('before'), source('after')])

    t.assert.strictEqual(old.trimEnd().split('\n').length, 76)
    t.assert.deepStrictEqual(linesOnlyIn(old, moved), replaced)
    t.assert.deepStrictEqual(linesOnlyIn(moved, old), [
      "import secureSession from '../../../lib/index.ts'",
      '  await fastify.register(secureSession, {',
      '    secretKey: environment.COOKIE_KEY,',
      "    compat: ['@fastify/secure-session'],",
      '    permanentSessionLifetime: 24 * 60 * 60,'
    ])
  })

  test('changes in four lines and gets three more for sealed sessions that log nobody out', async (t) => {
    const [old, moved] = await Promise.all([source('before'), source('sealed')])

    t.assert.deepStrictEqual(linesOnlyIn(old, moved), replaced)
    t.assert.deepStrictEqual(linesOnlyIn(moved, old), [
      "import secureSession from '../../../lib/index.ts'",
      '  await fastify.register(secureSession, {',
      '    secretKey: environment.COOKIE_KEY,',
      '    sealed: true,',
      "    readSecureSession: { key: Buffer.from(environment.COOKIE_KEY, 'hex'), expiry: 24 * 60 * 60 },",
      "    compat: ['@fastify/secure-session'],",
      '    permanentSessionLifetime: 24 * 60 * 60,'
    ])
  })
})
