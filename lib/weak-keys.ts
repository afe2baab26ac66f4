/**
 * Secret keys that protect nothing.
 *
 * @module
 */

import type { KeyLike } from '../types/config.ts'

/** Bytes below which a key can be guessed by trying. */
const shortest = 16

/** Keys from documentation, templates and default configurations, as attackers' word lists have them. */
const published: ReadonlySet<string> = new Set([
  'dev', 'development', 'secret', 'secretkey', 'secret-key', 'secret_key', 'supersecret', 'super-secret', 'super secret key',
  'changeme', 'change-me', 'change_me', 'change me', 'changethis', 'password', 'test', 'testing', 'key', 'default', 'keyboard cat',
  'your-secret-key', 'your_secret_key', 'your secret key', 'your-secret-key-here', 'my-secret-key', 'mysecretkey', 'my_secret_key',
  // Flask's documentation
  '_5#y2L"F4Q8z\n\xec]/', '192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf',
  '5f352379324c22463451387a0aec5d2f',
  // Apache Superset's defaults (CVE-2023-27524)
  '\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h', 'CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET', 'thisISaSECRET_1234',
  'YOUR_OWN_RANDOM_GENERATED_SECRET_KEY', 'TEST_NON_DEV_SECRET', 'CHANGE_ME_SECRET_KEY',
  // Apache Airflow, Redash
  'temporary_key', 'c292a0a3aa32397cdb050e233733900f',
  // READMEs of session plugins
  'a secret with minimum length of 32 characters', 'averylogphrasebiggerthanthirtytwochars',
  'complex_password_at_least_32_characters_long'
])

/** What is wrong with a key, as the end of a sentence; `undefined` when nothing is known against it. */
export function weaknessOf (key: KeyLike): string | undefined {
  const text = typeof key === 'string' ? key : Buffer.from(key).toString('latin1')
  if (published.has(text) || published.has(text.toLowerCase()) || text.startsWith('django-insecure')) return 'is a published placeholder'
  const length = Buffer.byteLength(key)
  return length < shortest ? `has ${length} bytes, fewer than ${shortest}` : undefined
}
