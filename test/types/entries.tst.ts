/**
 * The entries beside the main one: itsdangerous, peers and testing.
 *
 * @module
 */

import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { describe, expect, test } from 'tstyche'
import {
  BadData, BadSignature, BadTimeSignature, base64Decode, base64Encode, bytesToInt, HMACAlgorithm, SignatureExpired, Signer, TimestampSigner,
  URLSafeSerializer, URLSafeTimedSerializer
} from '../../lib/itsdangerous/index.ts'
import type { SecretKey, SigningAlgorithm, TokenErrorCode } from '../../lib/itsdangerous/index.ts'
import type { SecureCookieSessionInterface, SecureSessionOptions, Session, SessionConfig, TokenFormat } from '../../lib/index.ts'
import { DjangoSessionInterface, PythonJSONSerializer, StarletteSessionInterface } from '../../lib/peers/index.ts'
import type { PeerOptions, PythonJSONOptions } from '../../lib/peers/index.ts'
import { TestClient, testClient } from '../../lib/testing.ts'

declare const fastify: FastifyInstance

describe('itsdangerous', () => {
  // One key or a list of them, as in Python.
  test('signs with a key, bytes, or a list of both', () => {
    expect(Signer).type.toBeConstructableWith('secret-key')
    expect(Signer).type.toBeConstructableWith(new Uint8Array(16))
    expect(Signer).type.toBeConstructableWith(['old', Buffer.from('new')])
    expect(Signer).type.toBeConstructableWith('secret-key', { salt: 'reset', digestMethod: 'sha256', keyDerivation: 'hmac' })
    expect(Signer).type.not.toBeConstructableWith()
    expect(Signer).type.not.toBeConstructableWith(42)
    expect(Signer).type.not.toBeConstructableWith('secret-key', { digestMethod: 'md5' })
    expect<readonly string[]>().type.toBeAssignableTo<SecretKey>()
    expect<HMACAlgorithm>().type.toBeAssignableTo<SigningAlgorithm>()
  })

  // `String(bytes)` of an unexpected Uint8Array is '118,97,108,...'.
  test('gives text for text and bytes for bytes', () => {
    expect(new Signer('k').sign('value')).type.toBe<string>()
    expect(new TimestampSigner('k').unsign('value', { maxAge: 60 })).type.toBe<string>()
    expect(new TimestampSigner('k').unsign(new Uint8Array(8))).type.toBeAssignableTo<Uint8Array>()
    expect(new TimestampSigner('k').unsign(new Uint8Array(8))).type.not.toBeAssignableTo<string>()
    expect(new TimestampSigner('k').unsign).type.not.toBeCallableWith('value', 60)
    expect(base64Encode('a')).type.toBe<string>()
    expect(base64Decode('YQ')).type.toBeAssignableTo<Uint8Array>()
    expect(bytesToInt(new Uint8Array(2))).type.toBe<number | bigint>()
  })

  // The data of a token is whatever its maker wrote: to be checked, not to be believed.
  test('loads what is unknown', () => {
    expect(new URLSafeSerializer('k').loads('token')).type.toBe<unknown>()
    expect(new URLSafeTimedSerializer('k').loads('token', { maxAge: 60 })).type.toBe<unknown>()
    expect(new URLSafeTimedSerializer('k').dumps({ user_id: 42 })).type.toBe<string>()
  })

  // `switch (error.code)` is checked for misspelt codes.
  test('tells its errors by class and code', () => {
    expect<SignatureExpired>().type.toBeAssignableTo<BadTimeSignature>()
    expect<BadTimeSignature>().type.toBeAssignableTo<BadSignature>()
    expect<BadSignature>().type.toBeAssignableTo<BadData>()
    expect<BadData['code']>().type.toBe<TokenErrorCode>()
    expect<SignatureExpired['dateSigned']>().type.toBe<Date | undefined>()
  })
})

describe('testing', () => {
  test('injects, reads the session and changes it', () => {
    const client = testClient(fastify)
    expect(client).type.toBe<TestClient>()
    expect(client.inject('/')).type.toBe<Promise<LightMyRequestResponse>>()
    expect(client.session()).type.toBe<Promise<Session | null>>()
    expect(client.sessionTransaction).type.toBeCallableWith((session: Session) => { session.user_id = 1 })
    expect(client.sessionTransaction).type.toBeCallableWith(async (session: Session) => { await session.save() })
    expect(client.sessionTransaction).type.not.toBeCallableWith()
    expect(testClient).type.not.toBeCallableWith(fastify, { url: 'https://localhost' })
  })
})

describe('peers', () => {
  test('are session interfaces, with the defaults of a peer or others', () => {
    expect<StarletteSessionInterface>().type.toBeAssignableTo<SecureCookieSessionInterface>()
    expect<DjangoSessionInterface>().type.toBeAssignableTo<NonNullable<SecureSessionOptions['sessionInterface']>>()
    for (const Interface of [StarletteSessionInterface, DjangoSessionInterface]) {
      expect(Interface).type.toBeConstructableWith()
      expect(Interface).type.toBeConstructableWith({ cookieName: 'sid', maxAge: 3600, sameSite: null })
      expect(Interface).type.not.toBeConstructableWith({ maxAge: '1 h' })
      expect(Interface).type.not.toBeConstructableWith({ digestMethod: 'sha1' })
    }
  })

  // A session interface of the application is written from these.
  test('have formats and a serializer for interfaces of the application', () => {
    expect(new StarletteSessionInterface().makeFormat).type.toBeCallableWith(new URLSafeTimedSerializer('k'))
    expect(new StarletteSessionInterface().makeFormat(new URLSafeTimedSerializer('k'))).type.toBe<TokenFormat>()
    expect(new DjangoSessionInterface().configDefaults).type.toBe<Partial<SessionConfig>>()
    expect(PythonJSONSerializer).type.toBeConstructableWith({ itemSeparator: ',', keySeparator: ':' })
    expect(PythonJSONSerializer).type.not.toBeConstructableWith({ itemSeparator: ';', keySeparator: ':' })
    expect<{ itemSeparator: ', ', keySeparator: ': ' }>().type.toBeAssignableTo<PythonJSONOptions>()
    expect<{ maxAge: number }>().type.toBeAssignableTo<PeerOptions>()
  })
})
