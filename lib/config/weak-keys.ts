/**
 * Finds secret keys that are weak, or that contain characters by accident.
 *
 * @module
 */

import type { KeyLike } from '../../types/config.ts'

/** Keys with fewer bytes can be found by brute force. */
const shortest = 16

/** Keys from documentation, templates and default configurations, as attackers' word lists have them. */
const published: ReadonlySet<string> = new Set([
  'dev', 'development', 'secret', 'secretkey', 'secret-key', 'secret_key', 'supersecret', 'super-secret',
  'super secret key', 'changeme', 'change-me', 'change_me', 'change me', 'changethis', 'password', 'test', 'testing',
  'key', 'default', 'keyboard cat', 'your-secret-key', 'your_secret_key', 'your secret key', 'your-secret-key-here',
  'my-secret-key', 'mysecretkey', 'my_secret_key',
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

/** The weakness of a key, as the end of a sentence; `undefined` when none is known. */
export function weaknessOf (key: KeyLike): string | undefined {
  const text = typeof key === 'string' ? key : Buffer.from(key).toString('latin1')
  const isPublished = [text, text.toLowerCase(), text.toLowerCase().trim()].some((known) => published.has(known))
  if (isPublished || text.startsWith('django-insecure')) return 'is a published placeholder'
  const length = Buffer.byteLength(key)
  return length < shortest ? `has ${length} bytes, fewer than ${shortest}` : undefined
}

/**
 * What stands at the ends of a key by accident: the line break of a file, a space after a comma, or the quotation marks
 * that a shell would have removed.
 *
 * @returns the end of a sentence; `undefined` for bytes that are no text, which may end in any way
 */
export function accidentOf (key: KeyLike): string | undefined {
  const text = typeof key === 'string' ? key : Buffer.from(key).toString('latin1')
  // Random bytes may end with the byte of a line break.
  const isText = typeof key === 'string' || /^[\t\n\r\x20-\x7e]+$/.test(text)
  if (!isText) return undefined
  if (text !== text.trim()) return 'begins or ends with white space, such as the line break of a file'
  return /^(["']).+\1$/.test(text) ? 'has quotation marks around it' : undefined
}
