/**
 * Secret boxes as libsodium makes them (XSalsa20 and Poly1305), and random bytes.
 *
 * @module
 * @see {@link https://doc.libsodium.org/secret-key_cryptography/secretbox}
 */

import { randomBytes as nodeRandomBytes } from 'node:crypto'
import nacl from 'tweetnacl'
import { asGlobalBytes, wantBytes } from './bytes.ts'

/** Unpredictable bytes from the operating system. */
export function randomBytes (length: number): Buffer {
  return nodeRandomBytes(length)
}

/**
 * Encrypts and authenticates a message as libsodium's `crypto_secretbox_easy`.
 *
 * @param nonce - 24 bytes, which must never be used for two messages under one key
 * @param key - 32 bytes
 * @throws {Error} for a nonce or a key of another length.
 */
export function sealSecretBox (message: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer {
  return wantBytes(nacl.secretbox(asGlobalBytes(message), asGlobalBytes(nonce), asGlobalBytes(key)))
}

/** The message in a secret box; `undefined` for a wrong nonce or key, and for a box that was changed. */
export function openSecretBox (box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer | undefined {
  if (nonce.length !== nacl.secretbox.nonceLength || key.length !== nacl.secretbox.keyLength) return undefined
  const message = nacl.secretbox.open(asGlobalBytes(box), asGlobalBytes(nonce), asGlobalBytes(key))
  // An empty message is an empty array, which is not null.
  return message === null ? undefined : wantBytes(message)
}
