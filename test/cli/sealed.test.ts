import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { cookies, key, lines, oldKey, run, secondsLater } from './run.ts'

const env = { SECRET_KEY: key }

/** `{"user_id":42}`, the nonce 24 times 'n'. Made by Flask 2.2.2, ItsDangerous 2.1.2 and PyNaCl 1.5.0 with {@link key}, SHA-512. */
const sealed = 'bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5uFsrLZDR686FtsC08wu0fe4WM7VPBRMp4QeaQZJPjvvAKI4vqvzBLDE-umNWkg5zI.ZVPxAA.k9N2MK3wB_FWZJ4Y3_FknxOm55Vbe9LGljVhWSn1d5aEDvYSDONtwtOlQ5voloACkoSj-n-i5c5E1_J_x2WDTQ'
/** The same with {@link oldKey}. */
const sealedByOldKey = 'bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5uZ3nFdd_-AZ-U75iu9uqmeOVoIG0cc4cRCIBW7gHansBw23tp6R1Qf9IEV2e8tQ7f.ZVPxAA.gZ9kYjGe0hl4JWc42ulBIxusSaWU-wILhI7gyobkU1QyU28jiTZwVTARFXoLIEp0IC_qrx_4Kso4H6OMMz4DjQ'
/** The same with SHA-1 and the salt `cookie-session.admin`, sealed. */
const sealedAdmin = 'bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5unmfVFbT7r4RRxdAVN3Zi0fiJYvbLNTXYI9bxWQrwHvL-DUtTgrWFbI5HB_SEDn5-.ZVPxAA.aGhV4znLxLPUD2uFo4_bMaVD3i8'

const parsed = async (argv: string[], given: Record<string, string> = env): Promise<Record<string, unknown>> =>
  JSON.parse((await run(argv, { env: given })).stdout) as Record<string, unknown>

describe('inspect', () => {
  test('says of a sealed cookie when it was signed and how large it is, and that nothing else can be known', async (t: TestContext) => {
    secondsLater(t, 3600)
    t.assert.deepStrictEqual(await run(['inspect', `Set-Cookie: session=${sealed}; Path=/`]), {
      code: 0,
      stderr: '',
      stdout: lines(
        'NOT VERIFIED. This looks like a sealed session: nothing in it can be read without its key.',
        'To read it: verify --sealed',
        '',
        'signed at    2023-11-14 22:13:20 UTC (1 hour ago)',
        'digest       sha512, by the length of the signature',
        'size         cookie value 190 bytes, 5 % of 4093',
        '             Set-Cookie 206 bytes, 5 % of 4093',
        '             payload 96 bytes, JSON at most 32 bytes'
      )
    })
  })

  test('says the same to programs', async (t: TestContext) => {
    secondsLater(t, 0)
    t.assert.deepStrictEqual(await parsed(['inspect', '--json', sealedAdmin]), {
      verified: false,
      kind: 'sealed',
      signedAt: '2023-11-14T22:13:20.000Z',
      age: 0,
      digest: 'sha1',
      sizes: { cookie: 131, header: null, limit: 4093, payload: 96, jsonAtMost: 32 }
    })
  })

  test('does not take another payload that is no JSON for a sealed one', async (t: TestContext) => {
    for (const value of [sealed.slice(4), `.${sealed}`, `*${sealed.slice(1)}`, cookies.notZlib, `${sealed.split('.', 1)[0]}.ä.x`]) {
      t.assert.strictEqual((await run(['inspect', value])).code, 1, value)
    }
  })
})

describe('verify --sealed', () => {
  test('accepts a sealed cookie, and shows its content', async (t: TestContext) => {
    secondsLater(t, 0)
    t.assert.deepStrictEqual(await run(['verify', '--sealed', sealed], { env }), {
      code: 0,
      stderr: '',
      stdout: lines('VALID', '', 'signed by    newest key (SECRET_KEY)', 'digest       sha512', 'signed at    2023-11-14 22:13:20 UTC (now)',
        'permanent    no', '', 'payload', '  {', '    "user_id": 42', '  }')
    })
  })

  test('names the key that sealed, and takes the options of signed cookies', async (t: TestContext) => {
    secondsLater(t, 0)
    const { key: fallback } = await parsed(['verify', '--json', '--sealed', sealedByOldKey], { ...env, SECRET_KEY_FALLBACKS: oldKey })
    t.assert.deepStrictEqual(fallback, { index: 1, name: 'fallback 1', source: 'SECRET_KEY_FALLBACKS[0]' })
    const admin = ['verify', '--json', '--sealed', '--digest', 'sha1', '--salt', 'cookie-session.admin', sealedAdmin]
    t.assert.strictEqual((await parsed(admin))['valid'], true)
  })

  for (const [title, argv, hint] of [
    ['a signed cookie where sealed ones are expected', ['--sealed', cookies.sha512], 'the cookie looks signed and not sealed: try without --sealed'],
    ['a sealed cookie where signed ones are expected', [sealed], 'the cookie looks sealed: try --sealed'],
    ['a sealed cookie of another key', ['--sealed', sealedByOldKey],
      'the digest fits, so the cookie was changed, or signed with another key, another --salt or another --key-derivation']
  ] as const) {
    test(`refuses ${title}, with a hint`, async (t: TestContext) => {
      secondsLater(t, 0)
      const { valid, hint: got } = await parsed(['verify', '--json', ...argv])
      t.assert.deepStrictEqual([valid, got], [false, hint])
    })
  }

  test('refuses a sealed payload that cannot be opened, under a right signature', async (t: TestContext) => {
    secondsLater(t, 0)
    // `sign` of a salt that is that of sealed sessions makes a right signature without a box.
    const { stdout } = await run(['sign', '--salt', 'cookie-session.sealed', '{}'], { env })
    t.assert.deepStrictEqual(await run(['verify', '--sealed', stdout.trim()], { env }), {
      code: 1,
      stderr: '',
      stdout: lines('REFUSED: ERR_TOKEN_BAD_PAYLOAD', 'The payload could not be opened', '', 'signed by    newest key (SECRET_KEY)', 'digest       sha512')
    })
  })
})

test('a cookie that begins with a hyphen is no option', async (t: TestContext) => {
  secondsLater(t, 0)
  let cookie = ''
  while (!cookie.startsWith('-')) cookie = (await run(['sign', '--sealed', '{"user_id":42}'], { env })).stdout.trim()

  for (const argv of [['--sealed', cookie], [cookie, '--sealed'], ['--sealed', '--', cookie]]) {
    t.assert.strictEqual((await parsed(['verify', '--json', ...argv]))['valid'], true)
  }
  t.assert.strictEqual((await parsed(['inspect', '--json', cookie]))['kind'], 'sealed')
})

describe('sign --sealed', () => {
  test('makes what verify --sealed accepts, differently each time', async (t: TestContext) => {
    secondsLater(t, 0)
    const made = [(await run(['sign', '--sealed', '{"user_id":42}'], { env })).stdout, (await run(['sign', '--sealed', '{"user_id":42}'], { env })).stdout]

    t.assert.notStrictEqual(made[0], made[1])
    for (const cookie of made) {
      t.assert.strictEqual(cookie.length, sealed.length + 1)
      t.assert.strictEqual((await parsed(['verify', '--json', '--sealed', cookie.trim()]))['valid'], true)
    }
  })

  test('needs a key derivation with a salt', async (t: TestContext) => {
    for (const command of ['sign', 'verify']) {
      t.assert.deepStrictEqual(await run([command, '--sealed', '--key-derivation', 'none', '{}'], { env }), {
        code: 2,
        stdout: '',
        stderr: `fastify-secure-cookie-session ${command}: --sealed needs a key derivation with a salt: not --key-derivation none; see --help\n`
      })
    }
  })
})
