/**
 * Runs a command in this process, and the cookies that the tests of the commands share.
 *
 * @module
 */

import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { main } from '../../lib/cli/main.ts'

/** What a command left behind. */
export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** The world that a command finds. */
export interface World {
  /** What is on standard input; left out: a terminal. */
  stdin?: string
  env?: Record<string, string>
  program?: string
}

export async function run (argv: readonly string[], { stdin, env = {}, program = fileURLToPath(import.meta.url) }: World = {}): Promise<Outcome> {
  const outcome: Outcome = { code: NaN, stdout: '', stderr: '' }
  outcome.code = await main(argv, {
    stdout: { write: (text) => { outcome.stdout += text } },
    stderr: { write: (text) => { outcome.stderr += text } },
    stdin: async function * () { yield Buffer.from(stdin ?? '') },
    isTTY: stdin === undefined,
    env,
    program
  })
  return outcome
}

/** Lines of an answer. */
export function lines (...text: string[]): string {
  return text.map((line) => line + '\n').join('')
}

/** Stops the clock this many seconds after the cookies below were signed: 2023-11-14 22:13:20 UTC. */
export function secondsLater (t: TestContext, seconds: number): void {
  t.mock.timers.enable({ apis: ['Date'], now: (1_700_000_000 + seconds) * 1000 })
}

export const key = 'a secret key of a flask app'
export const oldKey = 'the key before that one'
export const oldestKey = 'the key before the key before'

/** Made by Flask 3.1.3 and ItsDangerous 2.2.0 with {@link key}, unless they say otherwise. Their data is `{"user_id":42}`. */
export const cookies = {
  sha1: 'eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.Sv-KEacDNlS0vtjveTa1TAh0Cns',
  sha256: 'eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.-VvrjYsUKrsH-vJQJ2-e4IR8PneuCZ0zD5cf6Lexk_k',
  sha512: 'eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.iWsb0M2hx3AkShwXVB0iDoqo3yQ-8LjNC0-y6uP1-w_pDd5ifEPYlVRnTBOg7fSdT95zZ3x7sT0JdSIeO28ujw',
  /** SHA-512, `{"_permanent":true,"user_id":42}` */
  permanent: 'eyJfcGVybWFuZW50Ijp0cnVlLCJ1c2VyX2lkIjo0Mn0.ZVPxAA.AaLYQuFX2sil4rtDprkpcjeUHj6S6L1Yl2Y9wi5jwGawX5i5aXDOOxlZ3cCkh--js334pkvquZOQwaNkTK1eLw',
  /** SHA-512, {@link oldKey} */
  old: 'eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.-OlcaLp7-vQsuYYV5Sx2YtSiO2ZSda25117ZSAk5pGYyY08rjajBl6gvYDamZTji0ltKe_GGDs3e2aw2MwO1EQ',
  /** SHA-512, {@link oldestKey} */
  oldest: 'eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.kaOeUhAc4ax_LEp6hZZwECKke5RgYg7lzx8CaYY1UYcGnOq1XXoMf0Ot3krNROAe6hosXLXnKEuv_ITKqqdfJA',
  /** SHA-512, the key `b'\xff\xfe a key of bytes \x80\x81'` */
  bytesKey: 'eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.qOlmmGfJ-6ElKzyqEXZ7HEiuhzqn1zQgVTParZKsbrJFMje-pm4fKVHgb464isFvG0arsIrbPGOyka_c4LsT2g',
  /** SHA-512, the salt `cookie-session.admin`, the key derivation `django-concat` */
  admin: 'eyJ1c2VyX2lkIjo0Mn0.ZVPxAA.ayUurfRnvM4z9Clm2A2KFu-KJx_PjNsAqqdAaUZZa-jl0T0EQSGrgMnOn3gE9aSjmcjy7-OpJTOHb-b84_ZXNQ',
  /** SHA-1, a value of each type, compressed */
  typed: '.eJx1js0KwjAQhF8l7DnoJk1_DEXwoidB0ZO1lIQGLZgqMaWC9N1Nc3dOy-zMt_uF5mWcVb3pPUjvBkNBhekLpAUJJ-UpwYRsjSYcuSAoJKYSM7Lbn2GioLsbSMYKTFcs45izXDCWYCK4oHD39hFRNqBKvf6US72eW10b7SHYGMXwj9I53itrQvTyvA6IRgOFl-pcRIRXK0bBj0-gVbLAug55p8a41KG0ORTHmTG8jWvmu4JPP7OWQAQ.ZVPxAA.sevJX4LICdY56PLnqR2I4_Wb6K4',
  /** SHA-1, the data is the text `alice@example.com` */
  text: 'ImFsaWNlQGV4YW1wbGUuY29tIg.ZVPxAA.KfanNL1EXnSTMLesvH_3FZVax2Y',
  /** SHA-512, the same */
  text512: 'ImFsaWNlQGV4YW1wbGUuY29tIg.ZVPxAA.V9ebNyIwECuSp1ptbxH39AE6rd2kw7XlbPp34fHXw8ZsQArY-579oJ8mBmgEIeUju22yiO0zteTfgtot_40qpA',
  /** SHA-512, the payload is `not JSON` */
  notJSON: 'bm90IEpTT04.ZVPxAA.3qMvoYXJAbiRnV9NaEWbjcUSqgjzsnUdfyF8iiqLfTAwyX6ll9yUqZGC8tvA13qEJKrFxIwc7WR9osqbvO2_Hg',
  /** SHA-512, the payload is `.bm90`, which is not zlib's; signed by our TimestampSigner */
  notZlib: '.bm90.ZVPxAA.gdy8qND46fjrC5S6xj6NfrYi3d04m66eA16MlsOQKHyySR_LB2Wx0yaCR1CDrUZmQYJ-wzp9VHjUn54EzPG83g'
} as const
