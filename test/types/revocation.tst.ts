/**
 * Sessions that can be ended, as an application sees them.
 *
 * @module
 */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { describe, expect, test } from 'tstyche'
import type { EndSessionsOptions, RevocationOptions, Session, SessionOptions } from '../../lib/index.ts'
import { memoryStore } from '../../lib/stores/index.ts'

declare const request: FastifyRequest
declare const fastify: FastifyInstance

describe('sessions that can be ended', () => {
  test('are those of a user, as the application says', () => {
    expect<SessionOptions>().type.toBeAssignableFrom({ revocation: {} })
    expect<SessionOptions>().type.toBeAssignableFrom({
      revocation: {
        store: memoryStore(), user: (session: Session) => session['user_id'], cacheFor: 10, onStoreError: 'accept' as const, storeTimeout: 1
      }
    })
    expect<SessionOptions>().type.not.toBeAssignableFrom({ revocation: { onStoreError: 'ignore' as const } })
    expect<SessionOptions>().type.not.toBeAssignableFrom({ revocation: { store: {} } })
    expect<NonNullable<SessionOptions['revocation']>>().type.toBe<RevocationOptions>()
  })

  test('end together, but for an exception', () => {
    expect(fastify.endSessions(42)).type.toBe<Promise<void>>()
    expect(fastify.endSessions).type.toBeCallableWith('ada', { except: request.session, sessionName: 'session' })
    expect(fastify.endSessions).type.toBeCallableWith('ada', { except: fastify.createSession<{ level: number }>({ level: 1 }) })
    expect(fastify.endSessions).type.not.toBeCallableWith('ada', { except: 'a session' })
    expect<EndSessionsOptions>().type.toBeAssignableFrom({})
  })

  test('are known as such outside of requests', () => {
    expect(fastify.isRevoked(request.session)).type.toBe<Promise<boolean>>()
    expect(fastify.isRevoked).type.not.toBeCallableWith('a session')
  })
})
