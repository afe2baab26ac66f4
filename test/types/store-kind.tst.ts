/**
 * What an application sees whose sessions lie in a store that answers with promises.
 *
 * @module
 */

import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'tstyche'
import secureSession from '../../lib/index.ts'
import type { FromStore, ListedSession, Session } from '../../lib/index.ts'
import { flaskSessionSerializer, memoryStore } from '../../lib/stores/index.ts'

declare const app: FastifyInstance

describe('sessions in a store', () => {
  test('are options of the plugin, and of each of several sessions', () => {
    expect(app.register).type.toBeCallableWith(secureSession, {
      store: memoryStore(), storeTimeout: 2, hashIds: true, serializer: flaskSessionSerializer, user: (session: Session) => session.get('user_id')
    })
    expect(app.register).type.toBeCallableWith(secureSession, { store: memoryStore(), sessions: [{}, { sessionName: 'admin', store: null }] })
  })

  test('are listed with what the application wants to see of them', () => {
    expect(app.listSessions(42)).type.toBe<Promise<Array<ListedSession<undefined>>>>()
    expect(app.listSessions(42, { data: () => 'phone' })).type.toBe<Promise<Array<ListedSession<string>>>>()
    expect(app.endSessions(42, { only: 'ID' })).type.toBe<Promise<void>>()
  })

  // Without a declaration the sessions may lie in cookies, which are read at once.
  test('are read at once unless the application declares a store that answers with promises', () => {
    expect<FromStore<string>>().type.toBe<string>()
    expect(app.encodeSession(app.createSession())).type.toBe<string>()
  })
})
