import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { mayBePermanent } from '../../lib/sessions/permanence.ts'

describe('mayBePermanent', () => {
  for (const [data, payload] of [
    ['{"_permanent":true}', 'eyJfcGVybWFuZW50Ijp0cnVlfQ'], ['{"a":1,"_permanent":true}', 'eyJhIjoxLCJfcGVybWFuZW50Ijp0cnVlfQ'],
    ['{"ab":1,"_permanent":true}', 'eyJhYiI6MSwiX3Blcm1hbmVudCI6dHJ1ZX0'], ['{"_permanent":false}', 'eyJfcGVybWFuZW50IjpmYWxzZX0'],
    ['text in its place', 'eyJhIjoieF9wZXJtYW5lbnQifQ']
  ] as const) {
    test(`is true for ${data}, in whichever place of three the key begins`, (t: TestContext) => {
      t.assert.strictEqual(mayBePermanent(`${payload}.ZVPxAA.c2ln`), true)
    })
  }

  test('is true for what is compressed, which nobody looked into', (t: TestContext) => {
    t.assert.strictEqual(mayBePermanent('.eJyrVipILcpNzEvNKwEAG4QEvQ.ZVPxAA.c2ln'), true)
  })

  for (const [data, payload] of [
    ['{"user_id":42}', 'eyJ1c2VyX2lkIjo0Mn0'], ['{"permanent":true}', 'eyJwZXJtYW5lbnQiOnRydWV9'], ['{"a":1,"permanent":true}', 'eyJhIjoxLCJwZXJtYW5lbnQiOnRydWV9'],
    ['{"_permanen":1}', 'eyJfcGVybWFuZW4iOjF9']
  ] as const) {
    test(`is false for ${data}, so that it need not be verified`, (t: TestContext) => {
      t.assert.strictEqual(mayBePermanent(`${payload}.ZVPxAA.c2ln`), false)
    })
  }

  test('is false for a dot at the end', (t: TestContext) => {
    t.assert.strictEqual(mayBePermanent('eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.'), false)
  })
})
