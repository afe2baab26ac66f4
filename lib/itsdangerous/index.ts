/**
 * A port of Python's ItsDangerous: tokens made on one side load on the other.
 *
 * The defaults are ItsDangerous' own (SHA-1, `django-concat`, its salts).
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/}
 */

export { compactJSON } from './compact-json.ts'
export type { DataSerializer } from './compact-json.ts'
export { nodeDigest } from './digest.ts'
export type { Digest, DigestMethod, DigestName } from './digest.ts'
export { base64Decode, base64Encode, bytesToInt, intToBytes, wantBytes } from './encoding.ts'
export type { BytesLike } from './encoding.ts'
export { BadData, BadHeader, BadPayload, BadSignature, BadTimeSignature, SignatureExpired } from './errors.ts'
export type { BadHeaderDetails, BadSignatureDetails, BadTimeSignatureDetails, TokenErrorCode } from './errors.ts'
export { Serializer } from './serializer.ts'
export type { DumpOptions, FallbackSigner, LoadOptions, SerializerOptions, SignerClass, UnsafeResult } from './serializer.ts'
export { HMACAlgorithm, NoneAlgorithm, Signer, SigningAlgorithm } from './signer.ts'
export type { KeyDerivation, SecretKey, SignerOptions } from './signer.ts'
export { TimedSerializer } from './timed-serializer.ts'
export type { TimedLoadOptions } from './timed-serializer.ts'
export { TimestampSigner } from './timestamp-signer.ts'
export type { Examined, Timestamped, UnsignOptions } from './timestamp-signer.ts'
export { URLSafeSerializer, URLSafeTimedSerializer } from './url-safe.ts'
export type { URLSafeSerializerOptions } from './url-safe.ts'
