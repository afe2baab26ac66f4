/**
 * Headers as an application, a proxy or an attacker may make them, the same for the same seed.
 *
 * @module
 */

import type { Random } from '../../flask/random.ts'
import type { Given, Headers } from '../../replies/application-headers.ts'

const broken = ['line\nbreak', 'carriage\r\nSet-Cookie: injected=1', 'bell\u0007', 'euro €', '漢字']

const values = {
  vary: [
    '*', 'Accept, *', '*, *', '', ',', ', ,', 'Accept-Encoding,', ',Accept', 'accept-encoding', 'Cookie', 'cookie', 'COOKIE, cookie', 'X-Cookie',
    'Accept, Origin', 'Accept,Accept', 'two words', '"quoted"', 'a/b@c', 'Ünïcode', '__proto__', 'constructor', '\ttab', ['Accept', 'Origin'],
    ['Accept', ''], ['*'], [], [','], 5, 0, `X-${'Long'.repeat(1000)}`, Array.from({ length: 200 }, (_, index) => `X-${index}`).join()
  ],
  'set-cookie': [
    'color=red', 'color=blue; Path=/shop', 'session=theirs; Path=/', 'session=; Max-Age=0; Path=/', 'session', 'Session=upper', 'session2=1', ' session=space',
    '=nameless', 'nameless', '', ';', 'a=1, b=2', 'a="quoted; still"', 'ä=ü', 'a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT', ['a=1', 'b=2'], ['a=1', 'a=1'],
    ['session=first', 'session=second'], ['', 'b=2'], [], 5, ['a=1', 6], `long=${'x'.repeat(4000)}`, '__proto__=1'
  ],
  link: [
    '</a.css>; rel=preload', '</b,c.js>; rel="preload"; title="a, b"', '<>', '', ' ', ',', 'Grüße', ['</a>', '</b>'], ['</a>', '</a>'], [], ['x', ''], 7,
    `<${'/long'.repeat(800)}>`
  ],
  'content-type': ['text/plain', 'text/html; charset=utf-8', 'application/x-odd'],
  'x-odd': ['1', '', ['1', '2'], 8, 'é', '\u00ff\u0080']
} as const satisfies Record<string, readonly unknown[]>

const oddNames = ['', 'two words', 'näme', 'a:b', '__proto__', 'constructor', 'X-Öther', ':status']

function randomCase (random: Random, name: string): string {
  switch (random.int(0, 3)) {
    case 0: return name.toUpperCase()
    case 1: return name.replace(/\b./g, (letter) => letter.toUpperCase())
    default: return name
  }
}

function randomHeader (random: Random): [name: string, value: string] {
  const name = random.pick(['vary', 'vary', 'set-cookie', 'set-cookie', 'link', 'content-type', 'x-odd'] as const)
  const value: unknown = random.chance(0.04) ? random.pick([...broken, undefined, null, {}]) : random.pick<unknown>(values[name])
  return [random.chance(0.03) ? random.pick(oddNames) : randomCase(random, name), value as string]
}

/** Some headers, in one to three places. */
export function randomGiven (random: Random): Given {
  const headers = (): Headers => random.times(random.int(1, 4), () => randomHeader(random))
  const given: Given = {}
  if (random.chance(0.35)) given.reply = headers()
  if (random.chance(0.25)) given.raw = headers()
  if (random.chance(0.6) || Object.keys(given).length === 0) given.head = headers() as NonNullable<Given['head']>
  return given
}

/** The same headers with one fewer, in each way to leave one out. */
export function * shorter (given: Given): Generator<Given> {
  for (const place of ['reply', 'raw', 'head'] as const) {
    const headers = given[place] ?? []
    for (const index of headers.keys()) yield { ...given, [place]: headers.toSpliced(index, 1) }
  }
}
