/**
 * Errors for the developer, and one for a store that fails. A rejected cookie is no error: it is an empty session.
 *
 * No message contains a secret, a cookie or a value of the session.
 *
 * @module
 */

import { types } from 'node:util'
import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** A setting has a wrong value. The message has its name, what it must be, and what it is. */
export const FST_SESSION_INVALID_CONFIG: FastifyErrorConstructor = createError(
  'FST_SESSION_INVALID_CONFIG',
  '%s must be %s, got %s',
  500,
  TypeError
)

/** The request already has a property of that name. */
export const FST_SESSION_ALREADY_REGISTERED: FastifyErrorConstructor = createError(
  'FST_SESSION_ALREADY_REGISTERED',
  'request.%s exists already. Register the session plugin once, in the outermost scope that needs it. ' +
    "For several sessions use 'sessions: [...]', with a sessionName for each",
  500
)

/** A write to a read-only session: no secret key is set, or the route has `session: false`. */
export const FST_SESSION_UNAVAILABLE: FastifyErrorConstructor = createError(
  'FST_SESSION_UNAVAILABLE',
  'The session is read-only because %s',
  500
)

/** The session is read or saved before the plugin could open it. */
export const FST_SESSION_NOT_OPEN: FastifyErrorConstructor = createError(
  'FST_SESSION_NOT_OPEN',
  'The session cannot be %s before the onRequest hook of the session plugin. ' +
    'Register the plugin before everything that uses the session',
  500
)

/** The session interface of the application could not open a session. */
export const FST_SESSION_OPEN_FAILED: FastifyErrorConstructor = createError(
  'FST_SESSION_OPEN_FAILED',
  'The session could not be opened: %s',
  500
)

/** A write that comes too late for a cookie. */
export const FST_SESSION_HEADERS_SENT: FastifyErrorConstructor = createError(
  'FST_SESSION_HEADERS_SENT',
  'The session cannot be changed once the headers are sent. Write to it before the reply, or before its stream, begins',
  500
)

/** The session does not fit into a cookie. */
export const FST_SESSION_COOKIE_OVERFLOW: FastifyErrorConstructor = createError(
  'FST_SESSION_COOKIE_OVERFLOW',
  'The session is too large: %s bytes, the limit is %s. The largest keys are %s. ' +
    'Keep large data elsewhere and its id in the session',
  500
)

/** The session contains a value that JSON cannot hold. */
export const FST_SESSION_UNSERIALIZABLE: FastifyErrorConstructor = createError(
  'FST_SESSION_UNSERIALIZABLE',
  'The session cannot be saved: %s',
  500,
  TypeError
)

/** A store does not work in this environment, or with its options. */
export const FST_SESSION_INVALID_STORE: FastifyErrorConstructor = createError(
  'FST_SESSION_INVALID_STORE',
  'This session store cannot be used: %s',
  500
)

/** The store of the sessions did not answer, or not in time. The `cause` is the error of the store. */
export const FST_SESSION_STORE_UNAVAILABLE: FastifyErrorConstructor = createError(
  'FST_SESSION_STORE_UNAVAILABLE',
  'The store of the sessions is not available: %s',
  503
)

/** {@link FST_SESSION_STORE_UNAVAILABLE} with the headers of its response: Fastify sends the `headers` of an error. */
export function storeUnavailable (reason: string, cause?: unknown): Error {
  const headers = { 'retry-after': '1', 'cache-control': 'no-store' }
  return Object.assign(new FST_SESSION_STORE_UNAVAILABLE(reason), { headers, cause })
}

/** Whether a value is an error; also true for errors of another realm, as test runners with a DOM have them. */
export function isError (value: unknown): value is Error {
  // The errors of @fastify/error are not native ones.
  return value instanceof Error || types.isNativeError(value)
}
