import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { TimestampSigner } from '../../lib/itsdangerous/timestamp-signer.ts'
import { URLSafeTimedSerializer } from '../../lib/itsdangerous/url-safe.ts'
import { cookies, key, lines, oldestKey, oldKey, run, secondsLater } from './run.ts'
import type { Outcome } from './run.ts'

const env = { SECRET_KEY: key }
const all = { SECRET_KEY: key, SECRET_KEY_FALLBACKS: `${oldestKey},${oldKey}` }

/** A file of its own for the test. */
function keyFile (t: TestContext, content: string | Uint8Array): string {
  const directory = mkdtempSync(join(tmpdir(), 'keys-'))
  t.after(() => { rmSync(directory, { recursive: true }) })
  const file = join(directory, 'keys.txt')
  writeFileSync(file, content)
  return file
}

async function verdict (argv: string[], given: Record<string, string> = env): Promise<Record<string, unknown>> {
  return JSON.parse((await run(['verify', '--json', ...argv], { env: given })).stdout) as Record<string, unknown>
}

const usage = (message: string): Outcome => ({ code: 2, stdout: '', stderr: `fastify-secure-cookie-session verify: ${message}; see --help\n` })

describe('verify', () => {
  test('accepts what Flask signed, and shows it', async (t: TestContext) => {
    secondsLater(t, 61)
    t.assert.deepStrictEqual(await run(['verify', cookies.permanent], { env }), {
      code: 0,
      stderr: '',
      stdout: lines(
        'VALID',
        '',
        'signed by    newest key (SECRET_KEY)',
        'digest       sha512',
        'signed at    2023-11-14 22:13:20 UTC (1 minute 1 second ago)',
        'permanent    yes',
        '',
        'payload',
        '  {',
        '    "_permanent": true,',
        '    "user_id": 42',
        '  }'
      )
    })
  })

  test('answers in one line of JSON', async (t: TestContext) => {
    secondsLater(t, 61)
    t.assert.deepStrictEqual(await run(['verify', '--json', cookies.sha512], { env }), {
      code: 0,
      stderr: '',
      stdout: lines('{"valid":true,"key":{"index":0,"name":"newest","source":"SECRET_KEY"},"digest":"sha512",' +
        '"signedAt":"2023-11-14T22:13:20.000Z","age":61,"permanent":false,"payload":{"user_id":42}}')
    })
  })

  test('tries all digests that it is told', async (t: TestContext) => {
    secondsLater(t, 0)
    for (const [cookie, digest] of [[cookies.sha1, 'sha1'], [cookies.sha256, 'sha256'], [cookies.sha512, 'sha512']] as const) {
      t.assert.strictEqual((await verdict([cookie, '--digest', 'sha512, sha256,sha1']))['digest'], digest)
    }
  })

  test('takes another salt and key derivation', async (t: TestContext) => {
    secondsLater(t, 0)
    const options = ['--salt', 'cookie-session.admin', '--key-derivation', 'django-concat']
    t.assert.strictEqual((await verdict([cookies.admin, ...options]))['valid'], true)
    t.assert.strictEqual((await verdict([cookies.admin, ...options.slice(0, 2)]))['valid'], false)
    t.assert.strictEqual((await verdict([cookies.admin, ...options.slice(2)]))['valid'], false)
  })
})

describe('the key that signed', () => {
  test('is read from SECRET_KEY_FALLBACKS in each form that the plugin reads', async (t: TestContext) => {
    secondsLater(t, 0)
    for (const text of [`${oldestKey}, ${oldKey}`, JSON.stringify([oldestKey, oldKey])]) {
      const { key: found } = await verdict([cookies.old], { SECRET_KEY: key, SECRET_KEY_FALLBACKS: text })
      t.assert.deepStrictEqual(found, { index: 1, name: 'fallback 1', source: 'SECRET_KEY_FALLBACKS[1]' })
    }
  })

  test('is told from the newest to the oldest of the environment', async (t: TestContext) => {
    secondsLater(t, 0)
    const keys = await Promise.all([cookies.sha512, cookies.old, cookies.oldest].map(async (cookie) => (await verdict([cookie], all))['key']))
    t.assert.deepStrictEqual(keys, [
      { index: 0, name: 'newest', source: 'SECRET_KEY' },
      { index: 1, name: 'fallback 1', source: 'SECRET_KEY_FALLBACKS[1]' },
      { index: 2, name: 'fallback 2', source: 'SECRET_KEY_FALLBACKS[0]' }
    ])
  })

  test('is told by its line of the key file, whose last line is the newest', async (t: TestContext) => {
    secondsLater(t, 0)
    const file = keyFile(t, `${oldestKey}\n\n${oldKey}\r\n${key}\n`)
    const keys = await Promise.all([cookies.sha512, cookies.old, cookies.oldest].map(async (cookie) => (await verdict(['--key-file', file, cookie], {}))['key']))
    t.assert.deepStrictEqual(keys, [
      { index: 0, name: 'newest', source: 'line 4' }, { index: 1, name: 'fallback 1', source: 'line 3' }, { index: 2, name: 'fallback 2', source: 'line 1' }
    ])
  })

  test('is a line of the key file as it is, and of nothing else', async (t: TestContext) => {
    secondsLater(t, 0)
    const bytes = Buffer.from('fffe2061206b6579206f66206279746573208081', 'hex')
    for (const [content, cookie, valid] of [
      [oldKey, cookies.old, true], [oldKey, cookies.sha512, false], [`${key} \n`, cookies.sha512, false], [bytes, cookies.bytesKey, true],
      [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes, Buffer.from('\r\n')]), cookies.bytesKey, true]
    ] as const) {
      t.assert.strictEqual((await verdict(['--key-file', keyFile(t, content), cookie]))['valid'], valid)
    }
  })

  test('is never printed', async (t: TestContext) => {
    for (const cookie of [cookies.sha512, cookies.old, cookies.sha1, 'x']) {
      for (const argv of [['verify', cookie], ['verify', '--json', cookie], ['sign', '--json', '{}']]) {
        const { stdout, stderr } = await run(argv, { env: all })
        for (const secret of [key, oldKey, oldestKey]) t.assert.ok(!(stdout + stderr).includes(secret))
      }
    }
  })

  test('gets a warning when it can be guessed, which does not show it', async (t: TestContext) => {
    secondsLater(t, 0)
    const { stderr } = await run(['verify', cookies.sha512], { env: { SECRET_KEY: 'hunter2' } })
    t.assert.strictEqual(stderr, 'warning: the secret key has 7 bytes, fewer than 16\n')
  })
})

describe('a refused cookie', () => {
  test('is one in quotes behind its name, as for the plugin', async (t: TestContext) => {
    secondsLater(t, 0)
    const { code, stdout } = await run(['verify', `session="${cookies.sha512}"`], { env })
    t.assert.strictEqual(code, 1)
    t.assert.strictEqual(stdout, lines(
      'REFUSED: ERR_TOKEN_BAD_TIME_SIGNATURE',
      'Signature does not match',
      'hint: the value is in quotes, which the plugin takes for a part of it'
    ))
    t.assert.strictEqual((await verdict([`session=${cookies.sha512}`]))['valid'], true)
  })

  test('of another digest is told with what would help', async (t: TestContext) => {
    secondsLater(t, 0)
    t.assert.deepStrictEqual(await run(['verify', cookies.sha1], { env }), {
      code: 1,
      stderr: '',
      stdout: lines(
        'REFUSED: ERR_TOKEN_BAD_TIME_SIGNATURE',
        'Signature does not match',
        'hint: the signature has the length of sha1, which stock Flask uses: try --digest',
        'sha1'
      )
    })
  })

  const hints: Array<[title: string, cookie: string, given: Record<string, string>, hint: string | undefined]> = [
    ['another digest', cookies.sha256, env, 'the signature has the length of sha256: try --digest sha256'],
    ['another key', cookies.old, env,
      'the digest fits, so the cookie was changed, or signed with another key, another --salt or another --key-derivation'],
    ['none of several keys', cookies.admin, all,
      'the digest fits, so the cookie was changed, or signed with a key that is none of these 3, another --salt or another --key-derivation'],
    ['no digest at all', cookies.sha512 + 'x', env, undefined],
    ['iron-session', 'Fe26.2*1*0b5a*5xS4', env, 'this looks like a cookie of another kind: iron-session']
  ]
  for (const [title, cookie, given, hint] of hints) {
    test(`of ${title} gets ${hint === undefined ? 'no hint' : 'a hint'}`, async (t: TestContext) => {
      secondsLater(t, 0)
      const { valid, hint: got } = await verdict([cookie], given)
      t.assert.strictEqual(valid, false)
      t.assert.strictEqual(got, hint)
    })
  }

  test('has its reason in the JSON', async (t: TestContext) => {
    secondsLater(t, 0)
    t.assert.deepStrictEqual(await run(['verify', '--json', 'abc'], { env }), {
      code: 1, stderr: '', stdout: lines('{"valid":false,"code":"ERR_TOKEN_BAD_SIGNATURE","message":"No \'.\' found in value"}')
    })
  })

  test('that is too old still tells what signed it', async (t: TestContext) => {
    secondsLater(t, 2_678_401)
    t.assert.deepStrictEqual(await run(['verify', cookies.old], { env: all }), {
      code: 1,
      stderr: '',
      stdout: lines(
        'REFUSED: ERR_TOKEN_SIGNATURE_EXPIRED',
        'Signature age 2678401 > 2678400 seconds',
        '',
        'signed by    fallback 1 key (SECRET_KEY_FALLBACKS[1])',
        'digest       sha512',
        'signed at    2023-11-14 22:13:20 UTC (31 days 1 second ago)'
      )
    })
    t.assert.deepStrictEqual(await verdict([cookies.sha512]), {
      valid: false,
      code: 'ERR_TOKEN_SIGNATURE_EXPIRED',
      message: 'Signature age 2678401 > 2678400 seconds',
      key: { index: 0, name: 'newest', source: 'SECRET_KEY' },
      digest: 'sha512',
      signedAt: '2023-11-14T22:13:20.000Z',
      age: 2_678_401
    })
  })

  test('is one second over --max-age, or six seconds from the future', async (t: TestContext) => {
    secondsLater(t, 60)
    t.assert.strictEqual((await verdict([cookies.sha512, '--max-age', '60']))['valid'], true)
    t.assert.strictEqual((await verdict([cookies.sha512, '--max-age', '59']))['code'], 'ERR_TOKEN_SIGNATURE_EXPIRED')
    t.mock.timers.setTime((1_700_000_000 - 5) * 1000)
    t.assert.strictEqual((await verdict([cookies.sha512]))['valid'], true)
    t.mock.timers.setTime((1_700_000_000 - 6) * 1000)
    t.assert.strictEqual((await verdict([cookies.sha512]))['code'], 'ERR_TOKEN_SIGNATURE_EXPIRED')
  })

  test('is not what an error of the machine is taken for', async (t: TestContext) => {
    t.mock.method(URLSafeTimedSerializer.prototype, 'verify', () => {
      throw Object.assign(new Error('no SHA-1 under FIPS rules'), { code: 'ERR_OSSL_EVP_UNSUPPORTED' })
    })
    t.assert.deepStrictEqual(await run(['verify', cookies.sha1, '--digest', 'sha1'], { env }), {
      code: 2, stdout: '', stderr: 'fastify-secure-cookie-session verify: unexpected ERR_OSSL_EVP_UNSUPPORTED\n'
    })
  })

  test('with a right signature may be from after the end of all dates', async (t: TestContext) => {
    class Late extends TimestampSigner {
      override getTimestamp (): number { return 2 ** 52 }
    }
    const signerOptions = { keyDerivation: 'hmac', digestMethod: 'sha512' } as const
    const cookie = new URLSafeTimedSerializer(key, { salt: 'cookie-session', signer: Late, signerOptions }).dumps({})
    secondsLater(t, 0)
    const { code, stdout } = await run(['verify', cookie], { env })
    t.assert.strictEqual(code, 1)
    t.assert.match(stdout, /^REFUSED: ERR_TOKEN_SIGNATURE_EXPIRED\nSignature age -8638300000000 < -5 seconds\n[^]* days .*in the future\)\n$/)
  })

  for (const [cookie, message] of [
    [cookies.notJSON, 'The payload could not be unserialized'], [cookies.text512, 'The payload is not an object'],
    [cookies.notZlib, 'The payload could not be decoded']
  ] as const) {
    test(`may have a valid signature: ${message}`, async (t: TestContext) => {
      secondsLater(t, 0)
      t.assert.deepStrictEqual(await run(['verify', cookie], { env }), {
        code: 1,
        stderr: '',
        stdout: lines('REFUSED: ERR_TOKEN_BAD_PAYLOAD', message, '', 'signed by    newest key (SECRET_KEY)', 'digest       sha512')
      })
    })
  }
})

describe('a wrong option of verify', () => {
  const noKey = 'no key: set SECRET_KEY in the environment or use --key-file FILE'
  const wrong: Array<[argv: string[], given: Record<string, string>, message: string]> = [
    [[], {}, noKey],
    [[], { SECRET_KEY: '', SECRET_KEY_FALLBACKS: oldKey }, noKey],
    [[], { SECRET_KEY: key, SECRET_KEY_FALLBACKS: `${oldKey},` },
      'SECRET_KEY_FALLBACKS must be a list of non-empty strings or bytes, or text that lists them (["a","b"] or a,b), got string'],
    [['--key-file', '/nowhere/keys'], env, 'the key file cannot be read: ENOENT'],
    [['--key-file', tmpdir()], env, 'the key file cannot be read: EISDIR'],
    [['--digest', 'md5'], env, '--digest must be of sha1, sha256, sha384, sha512'],
    [['--digest', 'sha1,'], env, '--digest must be of sha1, sha256, sha384, sha512'],
    [['--salt', ''], env, '--salt must not be empty'],
    [['--key-derivation', 'scrypt'], env, '--key-derivation must be hmac, django-concat, concat or none'],
    [['--max-age', '-1'], env, "Option '--max-age' argument is ambiguous"],
    [['--max-age', '1.5'], env, '--max-age must be a whole number from 0 to 3155760000']
  ]
  for (const [argv, given, message] of wrong) {
    test(`${argv.join(' ') || JSON.stringify(Object.keys(given))} is a usage error`, async (t: TestContext) => {
      t.assert.deepStrictEqual(await run(['verify', ...argv, cookies.sha512], { env: given }), usage(message))
    })
  }

  test('an empty key file is a usage error', async (t: TestContext) => {
    t.assert.deepStrictEqual(await run(['verify', '--key-file', keyFile(t, '\n\n'), cookies.sha512], { env }), usage('no key: the file is empty'))
  })

  test('reads SECRET_KEY_FALLBACKS as JSON, and with blanks after its commas', async (t: TestContext) => {
    secondsLater(t, 0)
    for (const fallbacks of [JSON.stringify([oldestKey, key]), `${oldestKey}, ${key}`]) {
      t.assert.strictEqual((await verdict([cookies.sha512], { SECRET_KEY: oldKey, SECRET_KEY_FALLBACKS: fallbacks }))['valid'], true)
    }
  })

  test('an empty SECRET_KEY_FALLBACKS is none', async (t: TestContext) => {
    secondsLater(t, 0)
    t.assert.strictEqual((await verdict([cookies.sha512], { SECRET_KEY: key, SECRET_KEY_FALLBACKS: '' }))['valid'], true)
  })
})
