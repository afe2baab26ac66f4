import { createReadStream } from 'node:fs'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { SecureCookieSessionInterface } from '../../lib/index.ts'
import { buildApp, noise, sessionApp } from '../helpers.ts'
import type { Act } from '../helpers.ts'

type Parameters1<K extends 'decode' | 'encode' | 'saveSession'> = Parameters<SecureCookieSessionInterface[K]>

// An exception or a rejection that nobody handles would end the process of an application.
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => { unhandled.push(reason) })
process.on('uncaughtExceptionMonitor', (error) => { unhandled.push(error) })

async function checkProcess (t: TestContext): Promise<void> {
  for (let i = 0; i < 5; i++) await setImmediate()
  t.assert.deepStrictEqual(unhandled.splice(0), [])
}

/** Saves into the cookie, but not at once. */
class Slow extends SecureCookieSessionInterface {
  override async saveSession (...args: Parameters1<'saveSession'>): Promise<void> {
    await setImmediate()
    super.saveSession(...args)
  }
}

/** Cannot save, which it says later. */
class Away extends SecureCookieSessionInterface {
  override async saveSession (): Promise<void> {
    await setImmediate()
    throw Object.assign(new Error('the store is away'), { code: 'AWAY' })
  }
}

describe('a response that cannot be sent after an asynchronous save is an error page, as without the plugin', () => {
  const replies: Record<string, { act: Act, code: string }> = {
    'with a header that has a line break': {
      act: (_session, _request, reply) => { reply.header('x-name', 'a\nb').send('hello'); return reply }, code: 'ERR_INVALID_CHAR'
    },
    'with a payload that is a number': {
      act: (_session, _request, reply) => { reply.type('text/plain').send(5); return reply }, code: 'FST_ERR_REP_INVALID_PAYLOAD_TYPE'
    }
  }
  for (const [name, { act, code }] of Object.entries(replies)) {
    test(name, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { sessionInterface: new Slow() })

      const response = await visit(act)

      t.assert.deepStrictEqual([response.statusCode, response.json().code], [500, code])
      await checkProcess(t)
    })
  }
})

test('a stream that fails while the session is saved asynchronously is an error page', async (t: TestContext) => {
  class Slower extends SecureCookieSessionInterface {
    override async saveSession (_app: unknown, _session: unknown, ...[reply]: [Parameters1<'saveSession'>[2]]): Promise<void> {
      const stream = reply.request.body as unknown as PassThrough
      while (!stream.destroyed) await setImmediate()
      await setImmediate()
    }
  }
  const { visit } = await sessionApp(t, { sessionInterface: new Slower() })

  const response = await visit((_session, request, reply) => {
    request.body = createReadStream('/no such file')
    return reply.send(request.body)
  })

  t.assert.deepStrictEqual([response.statusCode, response.json().code], [500, 'ENOENT'])
  await checkProcess(t)
})

test('a session that cannot be saved at once does not leave the failing save of another one unheard', async (t: TestContext) => {
  const app = await buildApp(t, { sessions: [{ sessionName: 'kept', sessionInterface: new Away() }, { sessionName: 'session' }] })
  app.get('/', async (request) => {
    Reflect.get(request, 'kept').user = 'ada'
    request.session.big = noise(6000)
    return 'hello'
  })

  t.assert.strictEqual((await app.inject('/')).statusCode, 500)
  await checkProcess(t)
})

describe('the error of an asynchronous save is answered, though the payload cannot be destroyed:', () => {
  const throws = (): never => { throw new Error('cannot be destroyed') }
  const payloads: Record<string, () => unknown> = {
    'its destroy throws': () => Object.assign(new PassThrough(), { destroy: throws }),
    'its destroy rejects': () => Object.assign(new PassThrough(), { destroy: async () => throws() }),
    'its on throws': () => Object.assign(new PassThrough(), { on: throws }),
    'its cancel throws': () => Object.assign(new ReadableStream(), { cancel: throws }),
    'its body cannot be read': () => Object.defineProperty(new Response(null), 'body', { get: throws })
  }
  for (const [name, payload] of Object.entries(payloads)) {
    test(name, async (t: TestContext) => {
      const { visit } = await sessionApp(t, { sessionInterface: new Away() })

      const response = await visit((session, _request, reply) => { session.user = 'ada'; return reply.send(payload()) })

      t.assert.deepStrictEqual([response.statusCode, response.json().code], [500, 'AWAY'])
      await checkProcess(t)
    })
  }
})
