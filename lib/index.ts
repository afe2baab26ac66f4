/**
 * Flask's sessions for Fastify.
 *
 * @module
 */

export { sessionConfigSchema } from './config.ts'
export type { ConfigOptions, CookieOptions } from './config.ts'
export {
  FST_SESSION_ALREADY_REGISTERED, FST_SESSION_COOKIE_OVERFLOW, FST_SESSION_HEADERS_SENT, FST_SESSION_INVALID_CONFIG,
  FST_SESSION_UNAVAILABLE, FST_SESSION_UNSERIALIZABLE
} from './errors.ts'
export type { CompatibleName } from './instance-helpers.ts'
export type { DataSerializer } from './itsdangerous/compact-json.ts'
export { nodeDigest } from './itsdangerous/digest.ts'
export type { Digest, DigestMethod, DigestName } from './itsdangerous/digest.ts'
export type { KeyDerivation } from './itsdangerous/signer.ts'
export { JSONTag, PassDict, PassList, TagBytes, TagDateTime, TagDict, TagMarkup, TagTuple, TagUUID } from './json/tags.ts'
export { TaggedJSONSerializer } from './json/tagged-json-serializer.ts'
export { Markup, Tuple, UUID } from './json/values.ts'
export { secureSession, secureSession as default } from './plugin.ts'
export type { SecureSessionOptions } from './plugin.ts'
export type { SessionOptions } from './session-options.ts'
export { SecureCookieSessionInterface } from './sessions/secure-cookie-session-interface.ts'
export type { SigningOptions } from './sessions/secure-cookie-session-interface.ts'
export { NullSession, SecureCookieSession, sessionJSONSerializer } from './sessions/secure-cookie-session.ts'
export type { SecureSessionKeys } from './sessions/secure-session-cookies.ts'
export { SessionInterface } from './sessions/session-interface.ts'
export type { SessionApp, SessionRequest } from './sessions/session-interface.ts'
export type * from '../types/config.ts'
export type * from '../types/fastify.ts'
export type * from '../types/session.ts'
