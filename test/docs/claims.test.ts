import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import secureSession from '../../lib/index.ts'
import type { SecureSessionOptions } from '../../lib/index.ts'
import { requireFlask } from '../flask/peer.ts'
import { textOf } from './snippets.ts'

async function application (t: TestContext, options: SecureSessionOptions): Promise<FastifyInstance> {
  const fastify = Fastify()
  t.after(() => fastify.close())
  await fastify.register(secureSession, options)
  return fastify
}

/** Flask's cookie of `{'user_id': 42}`, with a key as its source spells it. */
const signing = (key: string): string => `
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
app = Flask(__name__)
app.secret_key = ${key}
print(SecureCookieSessionInterface().get_signing_serializer(app).dumps({"user_id": 42}), end="")
`

describe('keys of bytes, as the recipe says,', () => {
  const keys = {
    "Buffer.from('\\x8f\\x1c...', 'latin1')": ['b"\\x8f\\x1c\\xff\\x00 and more of them"', Buffer.from('\x8f\x1c\xff\x00 and more of them', 'latin1')],
    "Buffer.from(text, 'hex')": ['bytes.fromhex("8f1cff00a3b2c1d0e9f8a7b6c5d4e3f2")', Buffer.from('8f1cff00a3b2c1d0e9f8a7b6c5d4e3f2', 'hex')],
    'the same text': ['"8f1cff00a3b2c1d0e9f8a7b6c5d4e3f2"', '8f1cff00a3b2c1d0e9f8a7b6c5d4e3f2']
  } as const

  for (const [name, [python, secretKey]] of Object.entries(keys)) {
    test(`are those of Flask: ${name}`, async (t: TestContext) => {
      t.assert.ok(textOf('lib/RECIPES.md').includes(name))
      for (const { command } of requireFlask(t)) {
        const fastify = await application(t, { secretKey, digestMethod: 'sha1' })
        const cookie = execFileSync(command, ['-c', signing(python)], { encoding: 'utf8' })

        t.assert.strictEqual(fastify.decodeSession(cookie)?.user_id, 42)
      }
    })
  }
})

describe('large ids', () => {
  test('go into a response by its schema, or as text', async (t: TestContext) => {
    const fastify = await application(t, { secretKey: 'a secret key of the documents' })
    const schema = { response: { 200: { type: 'object', properties: { id: { type: 'integer' } } } } }
    const begin = (request: FastifyRequest): void => { request.session.user_id = 2n ** 64n }
    fastify.get('/schema', { schema }, async (request) => {
      begin(request)
      return { id: request.session.user_id }
    })
    fastify.get('/text', async (request) => {
      begin(request)
      return { id: String(request.session.user_id) }
    })
    fastify.get('/neither', async (request) => {
      begin(request)
      return { id: request.session.user_id }
    })

    t.assert.strictEqual((await fastify.inject('/schema')).body, '{"id":18446744073709551616}')
    t.assert.strictEqual((await fastify.inject('/text')).body, '{"id":"18446744073709551616"}')
    t.assert.strictEqual((await fastify.inject('/neither')).statusCode, 500)
  })
})

describe("Flask's variables with a prefix, as the README says,", () => {
  test('are read by from_prefixed_env under FLASK_SECRET_KEY', (t: TestContext) => {
    const env = { ...process.env, FLASK_SECRET_KEY: 'a secret key of the documents' }
    const program = 'from flask import Flask\napp = Flask(__name__)\napp.config.from_prefixed_env()\nprint(app.secret_key, end="")'

    for (const { command } of requireFlask(t)) {
      t.assert.strictEqual(execFileSync(command, ['-c', program], { encoding: 'utf8', env }), 'a secret key of the documents')
    }
  })
})
