import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { accidentOf, weaknessOf } from '../../lib/config/weak-keys.ts'

describe('a weak key', () => {
  const published: Array<[where: string, key: string]> = [
    ['Flask, tutorial', 'dev'],
    ['Flask, quickstart', '_5#y2L"F4Q8z\n\xec]/'],
    ['Flask, deploying', '192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf'],
    ['Flask, configuration', '5f352379324c22463451387a0aec5d2f'],
    ['Superset up to 1.4.1', '\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h'],
    ['Superset from 1.4.1', 'CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET'],
    ['Superset, deployment template', 'thisISaSECRET_1234'],
    ['Superset, documentation', 'YOUR_OWN_RANDOM_GENERATED_SECRET_KEY'],
    ['Superset, docker compose', 'TEST_NON_DEV_SECRET'],
    ['Redash', 'c292a0a3aa32397cdb050e233733900f'],
    ['@fastify/secure-session, README', 'averylogphrasebiggerthanthirtytwochars'],
    ['@fastify/session, README', 'a secret with minimum length of 32 characters'],
    ['iron-session, README', 'complex_password_at_least_32_characters_long'],
    ['word list', 'your-secret-key-here'],
    ['word list, in capitals', 'YOUR-SECRET-KEY-HERE'],
    ['word list, mixed', 'Super Secret Key']
  ]
  for (const [where, key] of published) {
    test(`is one that was published: ${where}`, (t: TestContext) => {
      t.assert.strictEqual(weaknessOf(key), 'is a published placeholder')
      t.assert.strictEqual(weaknessOf(Buffer.from(key, 'latin1')), 'is a published placeholder')
    })
  }

  test('is one that was published, with a line break at its end', (t: TestContext) => {
    t.assert.strictEqual(weaknessOf('your-secret-key-here\n'), 'is a published placeholder')
  })

  test('is one that Django has generated with the insecure prefix', (t: TestContext) => {
    t.assert.strictEqual(weaknessOf('django-insecure-4x!t0k^7a#b1c2d3e4f5g6h7i8j9k0l1m2n3o4p5q6'), 'is a published placeholder')
  })

  test('is one of fewer than 16 bytes', (t: TestContext) => {
    t.assert.strictEqual(weaknessOf('123456789012345'), 'has 15 bytes, fewer than 16')
    t.assert.strictEqual(weaknessOf('1234567890123456'), undefined)
    t.assert.strictEqual(weaknessOf('äöüäöüäö'), undefined)
    t.assert.strictEqual(weaknessOf(new Uint8Array(15)), 'has 15 bytes, fewer than 16')
    t.assert.strictEqual(weaknessOf(new Uint8Array(16).fill(200)), undefined)
  })

  test('is never in the answer', (t: TestContext) => {
    t.assert.doesNotMatch(String(weaknessOf('hunter2')), /hunter2/)
  })
})

describe('accidentOf', () => {
  test('finds white space at an end of text and of ASCII bytes', (t: TestContext) => {
    for (const key of ['key\n', 'key\r\n', ' key', 'key\t', '\ufeffkey', 'clé\n']) t.assert.match(String(accidentOf(key)), /white space/, JSON.stringify(key))
    for (const key of ['key\n', ' key', 'key\r\n']) t.assert.match(String(accidentOf(Buffer.from(key))), /white space/, JSON.stringify(key))
  })

  test('finds quotation marks around text and around ASCII bytes', (t: TestContext) => {
    for (const key of ['"key"', "'key'", Buffer.from('"key"')]) t.assert.strictEqual(accidentOf(key), 'has quotation marks around it')
  })

  test('finds nothing inside of a key, and in random bytes', (t: TestContext) => {
    for (const key of ['a key', Buffer.from('a key'), Buffer.from([0x80, 0x0a]), Buffer.from([0x0a, 0x00]), '"', '""', '"key', '"key\'', '"a" or "b" c']) {
      t.assert.strictEqual(accidentOf(key), undefined)
    }
  })
})
