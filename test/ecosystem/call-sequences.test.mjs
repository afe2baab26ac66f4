// What @adminjs/fastify 4.2.0, fastify-keycloak-adapter 3.0.2 and the passport strategy of openid-client 6.8 do to a session,
// call by call. None is installed: they bring AdminJS, a Keycloak server and an identity provider over TLS with them.
import { describe, test } from 'node:test'
import { Browser, setCookies } from './browser.mjs'
import { application, ours } from './plugins.mjs'

async function browserWith (t, routes) {
  const fastify = application(t)
  await ours(fastify)
  routes(fastify)
  return new Browser(fastify)
}

describe('the calls of @adminjs/fastify', () => {
  function adminRoutes (fastify) {
    fastify.addHook('preHandler', async (request, reply) => {
      if (!request.url.startsWith('/admin/')) return
      if (request.session?.adminUser || request.session.get('adminUser')) return
      request.session.redirectTo = request.url
      return reply.redirect('/login')
    })
    fastify.post('/login', async (request, reply) => {
      request.session.set('adminUser', { email: request.body.email })
      await request.session.save()
      const { redirectTo } = request.session
      return reply.redirect(redirectTo ?? '/admin')
    })
    fastify.get('/admin/me', async (request) => request.session.adminUser)
    fastify.post('/refresh', async (request) => {
      request.session.adminUser._auth = { ...request.session.adminUser._auth, accessToken: request.body.accessToken }
      await request.session.save()
      return {}
    })
    fastify.get('/logout', async (request, reply) => {
      await request.session.destroy()
      return reply.redirect('/login')
    })
  }

  test('log in, go back, refresh and log out', async (t) => {
    const browser = await browserWith(t, adminRoutes)

    t.assert.strictEqual((await browser.get('/admin/me')).headers.location, '/login')
    t.assert.strictEqual((await browser.post('/login', { email: 'ada@example.com' })).headers.location, '/admin/me')
    await browser.post('/refresh', { accessToken: 'a' })
    await browser.post('/refresh', { accessToken: 'b' })
    t.assert.deepStrictEqual((await browser.get('/admin/me')).json(), { email: 'ada@example.com', _auth: { accessToken: 'b' } })

    const logout = await browser.get('/logout')
    t.assert.deepStrictEqual(setCookies(logout), ['session=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly'])
    t.assert.strictEqual((await browser.get('/admin/me')).statusCode, 302)
  })

  test('send one cookie when save comes before a later write', async (t) => {
    const browser = await browserWith(t, (fastify) => {
      fastify.get('/', async (request) => {
        request.session.set('adminUser', { email: 'a' })
        await request.session.save()
        request.session.redirectTo = '/late'
        return {}
      })
      fastify.get('/session', async (request) => request.session)
    })

    t.assert.strictEqual(setCookies(await browser.get('/')).length, 1)
    t.assert.deepStrictEqual((await browser.get('/session')).json(), { adminUser: { email: 'a' }, redirectTo: '/late' })
  })
})

describe('the calls of fastify-keycloak-adapter', () => {
  function keycloakRoutes (fastify) {
    fastify.get('/connect', async (request) => {
      request.session.grant = { state: 's', response: { access_token: 'a1', refresh_token: 'r1', id_token: 'i1' } }
      return {}
    })
    fastify.get('/refresh', async (request) => {
      const { response } = request.session.grant
      response.refresh_token = 'r2'
      request.session.grant.response.access_token = 'a2'
      request.session.grant.response.id_token = 'i2'
      request.session.user = { name: 'ada' }
      return {}
    })
    fastify.get('/session', async (request) => ({ ...request.session }))
    fastify.get('/logout', (request, reply) => {
      request.session.destroy((error) => {
        reply.send({ error: error ?? 'none' })
      })
    })
  }

  test('refresh the tokens inside the session', async (t) => {
    const browser = await browserWith(t, keycloakRoutes)

    await browser.get('/connect')
    await browser.get('/refresh')

    t.assert.deepStrictEqual((await browser.get('/session')).json(), {
      grant: { state: 's', response: { access_token: 'a2', refresh_token: 'r2', id_token: 'i2' } },
      user: { name: 'ada' }
    })
  })

  test('end the session in a callback that gets no error', async (t) => {
    const browser = await browserWith(t, keycloakRoutes)
    await browser.get('/connect')

    t.assert.deepStrictEqual((await browser.get('/logout')).json(), { error: 'none' })
    t.assert.strictEqual(await browser.cookie('session'), undefined)
    t.assert.deepStrictEqual((await browser.get('/session')).json(), {})
  })
})

describe('the calls of openid-client/passport', () => {
  test('keep the state of two logins apart, and remove it', async (t) => {
    const browser = await browserWith(t, (fastify) => {
      fastify.get('/login/:host', async (request) => {
        request.session[request.params.host] = { code_verifier: 'v', nonce: 'n', state: request.params.host }
        return {}
      })
      fastify.get('/callback/:host', async (request) => {
        const { [request.params.host]: stored } = request.session
        delete request.session[request.params.host]
        return stored
      })
      fastify.get('/keys', async (request) => Object.keys(request.session))
    })
    await browser.get('/login/one.example.com')
    await browser.get('/login/two.example.com')

    t.assert.deepStrictEqual((await browser.get('/callback/one.example.com')).json(), { code_verifier: 'v', nonce: 'n', state: 'one.example.com' })
    t.assert.deepStrictEqual((await browser.get('/keys')).json(), ['two.example.com'])
  })
})
