/**
 * Flask's sessions for Fastify.
 *
 * @module
 */

export type { CompatibleName, SecureSessionOptions, SessionOptions } from './options.ts'
export { sessionConfigSchema } from './config/settings.ts'
export type { SealedOptions, SecureSessionKeys, SigningOptions } from './config/signing-options.ts'
export {
  FST_SESSION_ALREADY_REGISTERED, FST_SESSION_COOKIE_OVERFLOW, FST_SESSION_HEADERS_SENT, FST_SESSION_INVALID_CONFIG,
  FST_SESSION_NOT_OPEN, FST_SESSION_OPEN_FAILED, FST_SESSION_STORE_UNAVAILABLE, FST_SESSION_UNAVAILABLE,
  FST_SESSION_UNSERIALIZABLE
} from './errors.ts'
export type {
  DecodedToken, RejectedToken, TokenFormat, UnreadableToken, VerifiedToken
} from './formats/token-format.ts'
export type { DataSerializer } from './itsdangerous/compact-json.ts'
export { nodeDigest } from './crypto/digest.ts'
export type { Digest, DigestMethod, DigestName } from './crypto/digest.ts'
export type { KeyDerivation } from './itsdangerous/signer.ts'
export {
  JSONTag, PassDict, PassList, TagBytes, TagDateTime, TagDict, TagMarkup, TagTuple, TagUUID
} from './json/tags.ts'
export { TaggedJSONSerializer } from './json/tagged-json-serializer.ts'
export { Markup, Tuple, UUID } from './json/values.ts'
export { secureSession, secureSession as default } from './plugin.ts'
export { SecureCookieSessionInterface } from './interfaces/cookie-sessions.ts'
export type { EncodeOptions } from './interfaces/cookie-sessions.ts'
export { ServerSideSessionInterface } from './server-sessions/server-sessions.ts'
export type { ServerSideOptions, StoreOptions } from './server-sessions/store-options.ts'
export type { StoreSerializer } from './server-sessions/store-source.ts'
export { SessionInterface } from './interfaces/session-interface.ts'
export type { EndOptions, ListOptions, SessionApp, SessionRequest } from './interfaces/session-interface.ts'
export type { MaybePromise } from './maybe-promise.ts'
export { sessionJSONSerializer } from './json/session-serializer.ts'
export type { RevocationOptions } from './revocation/options.ts'
export { NullSession, SecureCookieSession } from './session/session.ts'
export type { LoadedSession, SessionSource } from './session/session-data.ts'
export type { SessionSerializer } from './session/hand-out.ts'
export type * from '../types/config.ts'
export type * from '../types/fastify.ts'
export type * from '../types/session.ts'
