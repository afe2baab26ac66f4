import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { cookies, key, lines, oldKey, run, secondsLater } from './run.ts'

const env = { SECRET_KEY: key }

/** Made by Starlette 0.26 and Django 3.2 with {@link key}, when Flask made the others. */
const theirs = {
  starlette: 'eyJ1c2VyX2lkIjogNDJ9.ZVPxAA.tB5FCI3Gqv5Kr8PZtjQpVYQDRf0',
  starlettePadded: 'eyJ1c2VyIjogImFiY2QifQ==.ZVPxAA.OgsaMuBOdTfTUF5NzjJsHRcSI-E',
  django: 'eyJ1c2VyX2lkIjo0Mn0:1r31eq:FX7j4mOE_J811czFy6wEEhyj7-zZBZDwgyvyV40kgBc',
  djangoZlib: '.eJyrVkpUslKqIBko1QIA2N0ZjA:1r31eq:66QbXr2sFfJimHiSxHU8ASvAcplHwV9l0RvR7fPi9tY'
}

async function verdict (argv: string[], given: Record<string, string> = env): Promise<Record<string, unknown>> {
  return JSON.parse((await run(['verify', '--json', ...argv], { env: given })).stdout) as Record<string, unknown>
}

describe('inspect', () => {
  for (const [name, kind] of [['starlette', 'Starlette'], ['starlettePadded', 'Starlette'], ['django', 'Django'], ['djangoZlib', 'Django']] as const) {
    test(`names the kind of a cookie of a peer: ${name}`, async (t: TestContext) => {
      for (const given of [theirs[name], `session=${theirs[name]}; Path=/`, `set-cookie: sessionid=${theirs[name]}; Max-Age=1209600`]) {
        const { code, stdout } = await run(['inspect', given])
        t.assert.strictEqual(code, 0)
        t.assert.match(stdout, new RegExp(`^This looks like a cookie of another kind: ${kind}\nIt is .*verify --peer ${kind.toLowerCase()}\n`))
      }
      t.assert.strictEqual(JSON.parse((await run(['inspect', '--json', theirs[name]])).stdout).kind, kind)
    })
  }

  test('takes a cookie of Flask with a space in its data for what it is', async (t: TestContext) => {
    for (const payload of ['{"a":"x\\": \\"y"}', '{"a": 1}x', '[1, 2]']) {
      const token = `${Buffer.from(payload).toString('base64url')}.ZVPxAA.${'A'.repeat(27)}`
      const { kind } = JSON.parse((await run(['inspect', '--json', token])).stdout) as { kind: string }
      t.assert.strictEqual(kind, payload.startsWith('{"a": ') ? 'Starlette' : 'flask', payload)
    }
  })
})

describe('verify --peer', () => {
  test('accepts what the peer signed, and shows it', async (t: TestContext) => {
    secondsLater(t, 61)
    for (const [peer, digest] of [['starlette', 'sha1'], ['django', 'sha256']] as const) {
      t.assert.deepStrictEqual(await run(['verify', '--peer', peer, theirs[peer]], { env }), {
        code: 0,
        stderr: '',
        stdout: lines(
          'VALID',
          '',
          'signed by    newest key (SECRET_KEY)',
          `digest       ${digest}`,
          'signed at    2023-11-14 22:13:20 UTC (1 minute 1 second ago)',
          '',
          'payload',
          '  {',
          '    "user_id": 42',
          '  }'
        )
      })
    }
  })

  test('answers in one line of JSON, and names an older key', async (t: TestContext) => {
    secondsLater(t, 61)
    t.assert.deepStrictEqual(await verdict(['--peer', 'django', theirs.django], { SECRET_KEY: oldKey, SECRET_KEY_FALLBACKS: key }), {
      valid: true, key: { index: 1, name: 'fallback 1', source: 'SECRET_KEY_FALLBACKS[0]' }, digest: 'sha256', signedAt: '2023-11-14T22:13:20.000Z', age: 61, payload: { user_id: 42 }
    })
  })

  test('finds the cookie by the name that the peer gives it', async (t: TestContext) => {
    secondsLater(t, 0)
    const header = `Cookie: session=${theirs.starlette}; sessionid=${theirs.django}; theme=dark`

    t.assert.strictEqual((await verdict(['--peer', 'django', header]))['valid'], true)
    t.assert.strictEqual((await verdict(['--peer', 'starlette', header]))['valid'], true)
    t.assert.strictEqual((await verdict(['--peer', 'django', '--name', 'session', header]))['valid'], false)
  })

  test('has the lifetime of the peer, unless --max-age has another', async (t: TestContext) => {
    secondsLater(t, 1_209_601)
    t.assert.strictEqual((await verdict(['--peer', 'django', theirs.django]))['message'], 'Signature age 1209601 > 1209600 seconds')
    t.assert.strictEqual((await verdict(['--peer', 'django', '--max-age', '1209601', theirs.django]))['valid'], true)
  })

  const hints: Array<[argv: string[], given: Record<string, string>, hint: string]> = [
    [['--peer', 'django', theirs.django.replace('1r', '1s')], env, 'the cookie was changed, or signed with another key'],
    [['--peer', 'starlette', theirs.starlette], { SECRET_KEY: 'another key', SECRET_KEY_FALLBACKS: oldKey }, 'the cookie was changed, or signed with a key that is none of these 2'],
    [['--peer', 'starlette', theirs.django], env, 'this looks like a cookie of another kind: Django: try --peer django'],
    [['--peer', 'django', cookies.sha1], env, 'this does not look like a cookie of django'],
    [[theirs.starlettePadded], env, 'this looks like a cookie of another kind: Starlette: try --peer starlette']
  ]
  for (const [argv, given, hint] of hints) {
    test(`gives a hint for a refused cookie: ${hint}`, async (t: TestContext) => {
      secondsLater(t, 0)
      const { valid, hint: got, message } = await verdict(argv, given)

      t.assert.deepStrictEqual([valid, got, typeof message], [false, hint, 'string'])
    })
  }

  for (const [argv, message] of [
    [['--peer', 'flask'], '--peer must be starlette or django'],
    [['--peer', 'django', '--digest', 'sha1'], '--peer takes none of --digest, --salt, --key-derivation and --sealed'],
    [['--peer', 'django', '--salt', 'x'], '--peer takes none of --digest, --salt, --key-derivation and --sealed']
  ] as const) {
    test(`is a usage error: ${argv.join(' ')}`, async (t: TestContext) => {
      t.assert.deepStrictEqual(await run(['verify', ...argv, theirs.django], { env }), {
        code: 2, stdout: '', stderr: `fastify-secure-cookie-session verify: ${message}; see --help\n`
      })
    })
  }
})
