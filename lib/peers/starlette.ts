/**
 * Sessions of Starlette and FastAPI: `SessionMiddleware`.
 *
 * @module
 * @see {@link https://www.starlette.io/middleware/#sessionmiddleware}
 */

import { StarletteFormat } from '../formats/starlette.ts'
import type { TokenFormat } from '../formats/token-format.ts'
import type { URLSafeTimedSerializer } from '../itsdangerous/url-safe.ts'
import { PythonJSONSerializer } from '../json/python-json-serializer.ts'
import { PeerSessionInterface } from './peer-sessions.ts'
import type { PeerOptions } from './peer-sessions.ts'

/** All defaults of ItsDangerous' `TimestampSigner`. */
const salt = 'itsdangerous.Signer'
const digestMethod = 'sha1'
const keyDerivation = 'django-concat'

/** Reads and writes the session cookies of Starlette. */
export class StarletteSessionInterface extends PeerSessionInterface {
  constructor (options: PeerOptions = {}) {
    const serializer = new PythonJSONSerializer({ itemSeparator: ', ', keySeparator: ': ' })
    const defaults = { cookieName: 'session', maxAge: 1_209_600, sameSite: 'Lax' }
    super({ salt, digestMethod, keyDerivation, serializer }, defaults, options)
  }

  override makeFormat (signing: URLSafeTimedSerializer): TokenFormat {
    return new StarletteFormat(signing.makeSigner())
  }
}
