/**
 * A port of Python's ItsDangerous: tokens made on one side load on the other.
 *
 * The defaults are ItsDangerous' own (SHA-1, `django-concat`, its salts).
 *
 * @module
 * @see {@link https://itsdangerous.palletsprojects.com/}
 */

export { wantBytes } from '../crypto/bytes.ts'
export type { BytesLike } from '../crypto/bytes.ts'
export { nodeDigest } from '../crypto/digest.ts'
export type { Digest, DigestMethod, DigestName } from '../crypto/digest.ts'
export { HMACAlgorithm, NoneAlgorithm, SigningAlgorithm } from './algorithm.ts'
export { compactJSON } from './compact-json.ts'
export type { DataSerializer } from './compact-json.ts'
export { base64Decode, base64Encode, bytesToInt, intToBytes } from './encoding.ts'
export { BadData, BadHeader, BadPayload, BadSignature, BadTimeSignature, SignatureExpired } from './errors.ts'
export type { BadHeaderDetails, BadSignatureDetails, BadTimeSignatureDetails, TokenErrorCode } from './errors.ts'
export { Serializer } from './serializer.ts'
export type {
  DumpOptions, FallbackSigner, LoadOptions, SerializerOptions, SignerClass, UnsafeResult
} from './serializer.ts'
export { Signer } from './signer.ts'
export type { KeyDerivation, SecretKey, SignerOptions } from './signer.ts'
export { TimedSerializer } from './timed-serializer.ts'
export type { TimedLoadOptions } from './timed-serializer.ts'
export { TimestampSigner } from './timestamp-signer.ts'
export type { RejectedValue, Timestamped, UnsignOptions, Verification, VerifiedValue } from './timestamp-signer.ts'
export { URLSafeSerializer, URLSafeTimedSerializer } from './url-safe.ts'
export type { URLSafeDumpOptions, URLSafeSerializerOptions } from './url-safe.ts'
