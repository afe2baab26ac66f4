/**
 * The options that define how cookies are signed.
 *
 * @module
 */

import { types } from 'node:util'
import { FST_SESSION_INVALID_CONFIG } from '../errors.ts'
import type { DataSerializer } from '../itsdangerous/compact-json.ts'
import { digestNames, resolveDigest } from '../crypto/digest.ts'
import type { DigestMethod } from '../crypto/digest.ts'
import type { BytesLike } from '../crypto/bytes.ts'
import type { KeyDerivation } from '../itsdangerous/signer.ts'
import { describeOption, isBytes, typeName } from './checks.ts'
import { lookup, pick } from '../lookup.ts'

/** How sessions are signed. The defaults are Flask's, except for the digest. */
export interface SigningOptions {
  /** @defaultValue `'cookie-session'`; `'cookie-session.NAME'` for a session of another name than `session` */
  salt?: BytesLike | undefined
  /** @defaultValue `'hmac'` */
  keyDerivation?: KeyDerivation | undefined
  /** One digest, or several: the first signs, each verifies. Stock Flask uses `'sha1'`. @defaultValue `'sha512'` */
  digestMethod?: DigestMethod | readonly DigestMethod[] | undefined
  /** Turns the data into text and back. @defaultValue `sessionJSONSerializer` */
  serializer?: DataSerializer | undefined
  /** Seconds that a cookie may come from the future, for servers whose clocks differ. @defaultValue `5` */
  clockTolerance?: number | undefined
  /**
   * Encrypts the session, so that nobody without a key reads it. With `readSigned`, also reads signed cookies, so that
   * moving logs no user out.
   *
   * @defaultValue `false`
   */
  sealed?: boolean | SealedOptions | undefined
  /** Also reads cookies of @fastify/secure-session, so that moving logs no user out. @defaultValue none */
  readSecureSession?: SecureSessionKeys | undefined
}

/** How sessions are sealed. */
export interface SealedOptions {
  /** Also reads cookies that are signed and not sealed; the next response replaces them. */
  readSigned: boolean
}

/** The options that @fastify/secure-session had. */
export interface SecureSessionKeys {
  /** Its option `key`: 32 bytes, as bytes or base64 text, or several such keys, each of which opens. */
  key: string | Uint8Array | ReadonlyArray<string | Uint8Array>
  /** Its option `expiry`, in seconds. @defaultValue `86401` */
  expiry?: number | undefined
}

interface SigningOption {
  /** What the value must be, for messages. */
  readonly expects: string
  isRight (value: unknown): boolean
  /** Shows a wrong value in a message. */
  got (value: unknown): string
}

const signing: { readonly [K in keyof SigningOptions]-?: SigningOption } = {
  salt: {
    expects: 'a non-empty string or bytes',
    isRight: (value) => (typeof value === 'string' || isBytes(value)) && value.length > 0,
    got: typeName
  },
  keyDerivation: {
    expects: "'hmac', 'django-concat', 'concat' or 'none'",
    isRight: (value) => ['hmac', 'django-concat', 'concat', 'none'].includes(value as string),
    got: describeOption
  },
  digestMethod: {
    expects: `${digestNames}, or a list of them`,
    isRight: (value) => wrongDigests(value).length === 0,
    got: (value) => wrongDigests(value).map(describeOption).join(', ')
  },
  serializer: {
    expects: 'an object with synchronous dumps and loads',
    isRight: (value) => {
      const { dumps, loads } = (value ?? {}) as Partial<DataSerializer>
      return [dumps, loads].every((method) => typeof method === 'function' && !types.isAsyncFunction(method))
    },
    got: describeOption
  },
  clockTolerance: {
    expects: 'a number of seconds, 0 or more',
    isRight: (value) => Number.isFinite(value) && (value as number) >= 0,
    got: describeOption
  },
  sealed: {
    expects: 'true, false or { readSigned: true }',
    isRight: (value) => typeof value === 'boolean' || typeof readSignedOf(value) === 'boolean',
    got: describeOption
  },
  readSecureSession: {
    expects: 'an object with a key and, if need be, expiry',
    isRight: (value) => typeof value === 'object' && value !== null && isKeyOrList(lookup(value, 'key')),
    got: typeName
  }
}

export const signingOptionNames = Object.keys(signing) as ReadonlyArray<keyof SigningOptions>

/**
 * The given signing options.
 *
 * @param where - a prefix of the names in messages
 * @throws `FST_SESSION_INVALID_CONFIG` when one is wrong.
 */
export function parseSigningOptions (options: SigningOptions, where = ''): SigningOptions {
  const given = pick(options, signingOptionNames)
  for (const name of signingOptionNames) {
    const value = given[name]
    if (value === undefined) continue
    const { expects, isRight, got } = signing[name]
    if (!isRight(value)) throw new FST_SESSION_INVALID_CONFIG(where + name, expects, got(value))
  }
  const { readSecureSession, digestMethod, sealed } = given
  if (isSealed(sealed) && given.keyDerivation === 'none') {
    const expects = 'another for a sealed session, which a salt keeps apart from signed ones'
    throw new FST_SESSION_INVALID_CONFIG(`${where}keyDerivation`, expects, "'none'")
  }
  if (typeof sealed === 'object') given.sealed = { readSigned: readSignedOf(sealed) as boolean }
  if (readSecureSession !== undefined) given.readSecureSession = pick(readSecureSession as object, ['key', 'expiry'])
  if (Array.isArray(digestMethod)) given.digestMethod = [...digestMethod]
  return given
}

/** Whether sessions are sealed. */
export function isSealed (sealed: unknown): boolean {
  return sealed !== undefined && sealed !== false
}

function readSignedOf (sealed: unknown): unknown {
  return typeof sealed === 'object' && sealed !== null ? lookup(sealed, 'readSigned') : undefined
}

/** The wrong digests in a digest method: the method itself, or items of a list. */
function wrongDigests (methods: unknown): unknown[] {
  const list: unknown[] = Array.isArray(methods) && methods.length > 0 ? methods : [methods]
  return list.filter((method) => {
    try {
      resolveDigest(method as DigestMethod)
      return false
    } catch {
      return true
    }
  })
}

function isKeyOrList (key: unknown): boolean {
  return typeof key === 'string' || isBytes(key) || Array.isArray(key)
}
