import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import * as ours from '../../lib/index.ts'
import { testClient } from '../../lib/testing.ts'
import { requireFlask } from '../flask/peer.ts'
import { cookiesOf, secretKey, withSession } from './recipe.ts'
import { run, snippet } from './snippets.ts'

/** What Flask on SHA-512 shows of a cookie. */
const flashed = `
import hashlib, sys
from flask import Flask, get_flashed_messages
app = Flask(__name__)
app.secret_key = sys.argv[2]
app.session_interface.digest_method = hashlib.sha512
with app.test_request_context(headers={"Cookie": sys.argv[1]}):
    print(get_flashed_messages(with_categories=True))
`

describe('the recipe for', () => {
  test('flashed messages: they are shown once, and by Flask', async (t: TestContext) => {
    const fastify = await withSession(t, 'Flashed messages, shared with Flask')
    const client = testClient(fastify)
    const [cookie] = cookiesOf(await client.inject({ method: 'POST', url: '/save' }))

    t.assert.deepStrictEqual((await client.inject('/messages')).json(), ['Saved'])
    t.assert.deepStrictEqual((await client.inject('/messages')).json(), [])
    for (const { command } of requireFlask(t)) {
      t.assert.strictEqual(execFileSync(command, ['-c', flashed, String(cookie).split(';')[0] as string, secretKey], { encoding: 'utf8' }), "[('message', 'Saved')]\n")
    }
  })

  test('tags: a value comes back as what it was', async (t: TestContext) => {
    class Money {
      readonly amount: number
      readonly currency: string
      constructor (amount: number, currency: string) { [this.amount, this.currency] = [amount, currency] }
    }
    const sessionJSONSerializer = new ours.TaggedJSONSerializer()
    await run(snippet('lib/RECIPES.md', 'Types of your own'), { ...ours, sessionJSONSerializer, Money })

    const text = sessionJSONSerializer.dumps({ price: new Money(5, 'EUR') })
    t.assert.strictEqual(text, '{"price":{" $":[5,"EUR"]}}')
    t.assert.deepStrictEqual(sessionJSONSerializer.loads(text), { price: new Money(5, 'EUR') })
  })
})
