import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { base64Encode } from '../../lib/itsdangerous/encoding.ts'
import { cookies, lines, run, secondsLater } from './run.ts'

const parsed = async (argv: string[], stdin?: string): Promise<Record<string, unknown>> =>
  JSON.parse((await run(['inspect', '--json', ...argv], stdin === undefined ? {} : { stdin })).stdout) as Record<string, unknown>

/** A cookie with this JSON text; its signature is nobody's. */
const unsigned = (json: string): string => `${base64Encode(json)}.ZVPxAA.${'A'.repeat(27)}`

describe('inspect', () => {
  test('shows a cookie of Flask, with the types by their names', async (t: TestContext) => {
    secondsLater(t, 90_061)
    t.assert.deepStrictEqual(await run(['inspect', cookies.typed]), {
      code: 0,
      stderr: '',
      stdout: lines(
        'NOT VERIFIED. This is what the cookie says; anybody can write such a cookie.',
        '',
        'signed at    2023-11-14 22:13:20 UTC (1 day 1 hour ago)',
        'digest       sha1, by the length of the signature',
        "             stock Flask's; for the plugin: digestMethod: 'sha1'",
        'permanent    yes',
        'compressed   yes',
        'size         cookie value 283 bytes, 7 % of 4093',
        '             payload 248 bytes, JSON 245 bytes',
        '',
        'payload',
        '  {',
        '    "_permanent": true,',
        '    "at": datetime 2024-02-03 04:05:06 UTC,',
        '    "big": bigint 1180591620717411303424,',
        '    "html": markup "<b>x</b>",',
        '    "id": uuid 00000010-0000-0000-0000-000000000005,',
        '    "name": "Zoë",',
        '    "pair": tuple (1, "two", [3]),',
        '    "raw": bytes (3) 00ff10,',
        '    "user_id": 42',
        '  }',
        '',
        'types        in Python / in JavaScript',
        '  datetime   datetime.datetime / Date',
        '  bigint     int / bigint',
        '  markup     markupsafe.Markup / Markup',
        '  uuid       uuid.UUID / UUID',
        '  tuple      tuple / Tuple',
        '  bytes      bytes / Buffer',
        '',
        'costs        in bytes of JSON',
        '      46  19 %  "id"',
        '      43  18 %  "at"',
        '      29  12 %  "pair"',
        '      28  11 %  "big"',
        '      24  10 %  "html"',
        '      19   8 %  "raw"',
        '      17   7 %  "_permanent"',
        '      17   7 %  "name"',
        '      12   5 %  "user_id"'
      )
    })
  })

  test('shows what the plugin writes by default', async (t: TestContext) => {
    secondsLater(t, 0)
    t.assert.deepStrictEqual(await run(['inspect', cookies.sha512]), {
      code: 0,
      stderr: '',
      stdout: lines(
        'NOT VERIFIED. This is what the cookie says; anybody can write such a cookie.',
        '',
        'signed at    2023-11-14 22:13:20 UTC (now)',
        'digest       sha512, by the length of the signature',
        'permanent    no',
        'compressed   no',
        'size         cookie value 113 bytes, 3 % of 4093',
        '             payload 19 bytes, JSON 14 bytes',
        '',
        'payload',
        '  {',
        '    "user_id": 42',
        '  }',
        '',
        'costs        in bytes of JSON',
        '      12  86 %  "user_id"'
      )
    })
  })

  test('answers in one line of JSON that has the payload as it is tagged in the cookie', async (t: TestContext) => {
    secondsLater(t, 5)
    const { code, stdout, stderr } = await run(['inspect', '--json', cookies.typed])
    t.assert.strictEqual(code, 0)
    t.assert.strictEqual(stderr, '')
    t.assert.strictEqual(stdout, lines(
      '{"verified":false,"kind":"flask","signedAt":"2023-11-14T22:13:20.000Z","age":5,"digest":"sha1","compressed":true,"permanent":true,' +
      '"sizes":{"cookie":283,"header":null,"limit":4093,"payload":248,"json":245},' +
      '"keys":[{"key":"id","bytes":46},{"key":"at","bytes":43},{"key":"pair","bytes":29},{"key":"big","bytes":28},{"key":"html","bytes":24},' +
      '{"key":"raw","bytes":19},{"key":"_permanent","bytes":17},{"key":"name","bytes":17},{"key":"user_id","bytes":12}],' +
      '"payload":{"_permanent":true,"at":{" d":"Sat, 03 Feb 2024 04:05:06 GMT"},"big":1180591620717411303424,"html":{" m":"<b>x</b>"},' +
      '"id":{" u":"00000010000000000000000000000005"},"name":"Zo\\u00eb","pair":{" t":[1,"two",[3.0]]},"raw":{" b":"AP8Q"},"user_id":42}}'
    ))
  })

  test('makes JSON that sign takes', async (t: TestContext) => {
    secondsLater(t, 0)
    const payload = (await run(['inspect', '--json', cookies.typed])).stdout.replace(/^.*"payload":/, '').replace(/\}\n$/, '')
    const signed = await run(['sign', payload], { env: { SECRET_KEY: 'a long enough secret key' } })
    const again = await parsed([signed.stdout])
    t.assert.deepStrictEqual(again['payload'], JSON.parse(payload))
  })

  const ages: Array<[seconds: number, text: string]> = [
    [0, 'now'], [1, '1 second ago'], [60, '1 minute ago'], [86_399, '23 hours 59 minutes ago'], [172_801, '2 days 1 second ago'],
    [-3600, '1 hour in the future']
  ]
  test('says how old the signature is', async (t: TestContext) => {
    secondsLater(t, 0)
    for (const [seconds, text] of ages) {
      t.mock.timers.setTime((1_700_000_000 + seconds) * 1000)
      const { stdout } = await run(['inspect', cookies.sha1])
      t.assert.ok(stdout.includes(`signed at    2023-11-14 22:13:20 UTC (${text})\n`), stdout)
      t.assert.strictEqual((await parsed([cookies.sha1]))['age'], seconds)
    }
  })

  test('says that a cookie is over 31 days old, one second after that age', async (t: TestContext) => {
    const line = '             over 31 days, the default of PERMANENT_SESSION_LIFETIME\n'
    secondsLater(t, 2_678_400)
    t.assert.ok(!(await run(['inspect', cookies.sha1])).stdout.includes(line))
    t.mock.timers.tick(1000)
    t.assert.ok((await run(['inspect', cookies.sha1])).stdout.includes(line))
  })

  test('guesses the digest of each length, and of no other', async (t: TestContext) => {
    const ofLength = async (length: number): Promise<unknown> => (await parsed([`e30.ZVPxAA.${'A'.repeat(length)}`]))['digest']
    t.assert.deepStrictEqual(await Promise.all([27, 43, 64, 86, 28, 0].map(ofLength)), ['sha1', 'sha256', 'sha384', 'sha512', null, null])
    t.assert.match((await run(['inspect', 'e30.ZVPxAA.AAAA'])).stdout, /^digest {7}none has a signature of 4 characters$/m)
  })

  test('shows data that is no session, and says so', async (t: TestContext) => {
    const { code, stdout } = await run(['inspect', cookies.text])
    t.assert.strictEqual(code, 0)
    t.assert.ok(stdout.endsWith(lines('', 'payload', '  "alice@example.com"', '', 'The payload is not an object: as a session it is refused.')), stdout)
    t.assert.deepStrictEqual((await parsed([cookies.text]))['keys'], [])
  })

  test('shows an empty session without costs', async (t: TestContext) => {
    t.assert.ok((await run(['inspect', unsigned('{}')])).stdout.endsWith('\npayload\n  {}\n'))
  })

  test('breaks what does not fit on a line, and nothing else', async (t: TestContext) => {
    const items = JSON.stringify(Array.from({ length: 3 }, (_, id) => ({ id, text: 'abcdefghijklmnopqrstuvw' })))
    const json = `{"n":null,"t":true,"z":-0.0,"e":1e300,"f":1.5,"none":[],"nan":NaN,"b":{" b":""},"long":{" b":"${'AAAA'.repeat(9)}"},"items":${items}}`
    const { stdout } = await run(['inspect', unsigned(json)])
    t.assert.ok(stdout.includes(lines(
      'payload',
      '  {',
      '    "n": null,',
      '    "t": true,',
      '    "z": -0.0,',
      '    "e": 1e+300,',
      '    "f": 1.5,',
      '    "none": [],',
      '    "nan": NaN,',
      '    "b": bytes (0),',
      `    "long": bytes (27) ${'00'.repeat(24)}...,`,
      '    "items": [',
      '      {"id": 0, "text": "abcdefghijklmnopqrstuvw"},',
      '      {"id": 1, "text": "abcdefghijklmnopqrstuvw"},',
      '      {"id": 2, "text": "abcdefghijklmnopqrstuvw"}',
      '    ]',
      '  }'
    )), stdout)
  })

  test('lists the costs of twenty keys, and counts the others', async (t: TestContext) => {
    const data = Object.fromEntries(Array.from({ length: 23 }, (_, i) => [`k${i + 10}`, 1]))
    const { stdout } = await run(['inspect', unsigned(JSON.stringify(data))])
    t.assert.ok(stdout.endsWith('       7   4 %  "k29"\n         and 3 more\n'), stdout)
    t.assert.strictEqual(((await parsed([unsigned(JSON.stringify(data))]))['keys'] as unknown[]).length, 23)
  })

  test('measures keys and values as they are written, brackets and quotes in them included', async (t: TestContext) => {
    const json = '{ "a": "x\\"},{" , "\\u00eb":[{"b":[1,2]},"c"],"a":{},"\\\\":"" }'
    t.assert.deepStrictEqual((await parsed([unsigned(json)]))['keys'], [
      { key: 'ë', bytes: 26 }, { key: 'a', bytes: 13 }, { key: '\\', bytes: 7 }, { key: 'a', bytes: 6 }
    ])
  })

  test('cuts off a long key in the list of costs', async (t: TestContext) => {
    const { stdout } = await run(['inspect', unsigned(JSON.stringify({ ['k'.repeat(100)]: 1 }))])
    t.assert.ok(stdout.endsWith(`     104  98 %  "${'k'.repeat(56)}...\n`), stdout)
  })

  test('lets nothing in a cookie move the cursor or turn the writing', async (t: TestContext) => {
    const evil = '\u001b[2J\u009b1m\u202e\u200b\u2028\r\n\u007f'
    const json = `{"${'\u009b\u202e'}":"\u009b\u202e\u2066\u007f","v":${JSON.stringify(evil)},\r\n\t"w":1}`
    for (const argv of [['inspect', unsigned(json)], ['inspect', '--json', unsigned(json)]]) {
      const { code, stdout } = await run(argv)
      t.assert.strictEqual(code, 0)
      t.assert.doesNotMatch(stdout, /(?!\n)[\p{Cc}\p{Cf}\u2028]/u)
      t.assert.ok(stdout.includes('\\u009b\\u202e\\u2066\\u007f'), stdout)
    }
    t.assert.strictEqual((await run(['inspect', '--json', unsigned(json)])).stdout.split('\n').length, 2)
    t.assert.deepStrictEqual((await parsed([unsigned(json)]))['payload'], { '\u009b\u202e': '\u009b\u202e\u2066\u007f', v: evil, w: 1 })
  })

  test('shows what is invisible by its number', async (t: TestContext) => {
    const hidden = '\u00ad\u034f\u061c\u115f\u180e\u200b\u2028\u202e\u2066\u3164\ufe0f\ufeff\uffa0\ufff9\u{e0041}\u{e0100}'
    const escaped = '\\u00ad\\u034f\\u061c\\u115f\\u180e\\u200b\\u2028\\u202e\\u2066\\u3164\\ufe0f\\ufeff\\uffa0\\ufff9\\udb40\\udc41\\udb40\\udd00'
    const cookie = unsigned(`{"user":"é😀 ${hidden}"}`)
    t.assert.match((await run(['inspect', cookie])).stdout, new RegExp(`^ {4}"user": "é😀 ${escaped.replaceAll('\\', '\\\\')}"$`, 'm'))
    t.assert.ok((await run(['inspect', '--json', cookie])).stdout.endsWith(`"payload":{"user":"é😀 ${escaped}"}}\n`))
    t.assert.deepStrictEqual((await parsed([cookie]))['payload'], { user: `é😀 ${hidden}` })
  })

  test('has the payload as text where only Python takes it for JSON', async (t: TestContext) => {
    for (const text of ['{"x":NaN}', '{"x":[Infinity,-Infinity]}']) {
      const { payload, payloadText } = await parsed([unsigned(text)])
      t.assert.deepStrictEqual({ payload, payloadText }, { payload: null, payloadText: text })
    }
    t.assert.ok(!('payloadText' in await parsed([unsigned('{"x":null}')])))
  })

  test('shows a cookie in quotes, and that the plugin refuses it', async (t: TestContext) => {
    const { code, stdout } = await run(['inspect', `session="${cookies.sha1}"`])
    t.assert.strictEqual(code, 0)
    t.assert.ok(stdout.includes(lines(
      'size         cookie value 56 bytes, 1 % of 4093',
      '             in quotes, with which the plugin refuses it',
      '             payload 19 bytes, JSON 14 bytes'
    )), stdout)
  })

  test('keeps __proto__ an ordinary key', async (t: TestContext) => {
    const { stdout } = await run(['inspect', unsigned('{"__proto__":{"_permanent":true}}')])
    t.assert.match(stdout, /^ {4}"__proto__": \{"_permanent": true\}$/m)
    t.assert.match(stdout, /^permanent {4}no$/m)
  })

  const unreadable: Array<[title: string, cookie: string, code: string, message: string]> = [
    ['no token', 'abc', 'ERR_TOKEN_BAD_SIGNATURE', "No '.' found in value"],
    ['a token without timestamp', 'e30.AAAA', 'ERR_TOKEN_BAD_TIME_SIGNATURE', 'timestamp missing'],
    ['a timestamp that is not base64url', 'e30.ZV!xAA.AAAA', 'ERR_TOKEN_BAD_TIME_SIGNATURE', 'Malformed timestamp'],
    ['a timestamp after the year 9999', 'e30.______8.AAAA', 'ERR_TOKEN_BAD_TIME_SIGNATURE', 'Malformed timestamp'],
    ['a payload that is not base64url', '!!!.ZVPxAA.AAAA', 'ERR_TOKEN_BAD_PAYLOAD', 'The payload could not be decoded'],
    ['a payload that is not zlib\'s', '.e30.ZVPxAA.AAAA', 'ERR_TOKEN_BAD_PAYLOAD', 'The payload could not be decoded'],
    ['a payload that is not JSON', cookies.notJSON, 'ERR_TOKEN_BAD_PAYLOAD', 'The payload could not be unserialized'],
    ['a payload over 256 KiB', unsigned(`"${'a'.repeat(262_143)}"`), 'ERR_TOKEN_BAD_PAYLOAD', 'The payload is too long'],
    ['an empty cookie', 'session=; Max-Age=0', 'ERR_TOKEN_BAD_SIGNATURE', 'The cookie is empty, as one that is being deleted']
  ]
  for (const [title, cookie, code, message] of unreadable) {
    test(`refuses ${title}`, async (t: TestContext) => {
      t.assert.deepStrictEqual(await run(['inspect', cookie]), {
        code: 1, stderr: '', stdout: lines(`Not a Flask session cookie: ${code}`, message)
      })
      const { sizes, ...fields } = await parsed([cookie])
      t.assert.ok(sizes)
      t.assert.deepStrictEqual(fields, { verified: false, kind: null, code, message })
    })
  }
})

describe('inspect, of cookies that others make', () => {
  const box = 'bE%2FccxituMXswRfApzbnAn%2Brk6l%2BEpfEA4FFJrkY7irC%2B%2BlhV7QjT4sJrYhFqkhn%3B%2F5b8qInH7U%2BrC3D3QfUxhLVaXW2CwJPG'
  const jwt = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.Rq8IxqeX7eA6GgYxlcHdPFVRNFFZc5rEI3MQTZZbK3I'
  const others: Array<[kind: string, cookie: string]> = [
    // Made by @fastify/secure-session 8.4.0
    ['@fastify/secure-session', box],
    ['@fastify/secure-session', decodeURIComponent(box)],
    ['@fastify/secure-session', `session=${box}; HttpOnly; SameSite=Lax`],
    ['iron-session', 'Fe26.2*1*0b5a*5xS4*Xc1w*1700000000000*1f8e*Zm9v~2'],
    ['express-session', 's%3AQgQ4Zr6x.nQ0aF2sT1uVw'],
    ['JSON Web Token', jwt],
    ['an id of a session in a store', 'pml30p7-PpPBs5Oj4mC9F_qu7_wQ8UW45aomfTAv1F4'],
    // Made by Flask-Session 0.8.0
    ['Flask-Session, with SESSION_USE_SIGNER', `${'P'.repeat(43)}.cHXNgQrGTAMQNIQVOv8hrPEFxUE`]
  ]
  for (const [kind, cookie] of others) {
    test(`knows ${kind}'s: ${cookie.slice(0, 24)}...`, async (t: TestContext) => {
      const { code, stdout, stderr } = await run(['inspect', cookie])
      t.assert.strictEqual(code, 0)
      t.assert.strictEqual(stderr, '')
      t.assert.ok(stdout.startsWith(`This looks like a cookie of another kind: ${kind}\n`), stdout)
      t.assert.match(stdout, /^size {9}cookie value \d+ bytes, \d % of 4093$/m)
      t.assert.strictEqual((await parsed([cookie]))['kind'], kind)
    })
  }

  test('says that nothing of @fastify/secure-session\'s can be read without its key', async (t: TestContext) => {
    t.assert.deepStrictEqual(await run(['inspect', `Set-Cookie: session=${box}; HttpOnly; SameSite=Lax`]), {
      code: 0,
      stderr: '',
      stdout: lines(
        'This looks like a cookie of another kind: @fastify/secure-session',
        'It is encrypted (crypto_secretbox): nothing in it can be read without its key.',
        '',
        'size         cookie value 113 bytes, 3 % of 4093',
        '             Set-Cookie 145 bytes, 4 % of 4093'
      )
    })
  })

  test('takes data of Flask with a key named alg for what it is', async (t: TestContext) => {
    t.assert.strictEqual((await parsed([unsigned('{"alg":"HS256"}')]))['kind'], 'flask')
  })
})
