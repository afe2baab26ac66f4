/**
 * What goes wrong for the developer. A rejected cookie is none of these: it is an empty session.
 *
 * No message has a secret, a cookie or a value of the session in it.
 *
 * @module
 */

import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** A setting has a wrong value: its name, what it must be, and the type that came. */
export const FST_SESSION_INVALID_CONFIG: FastifyErrorConstructor = createError('FST_SESSION_INVALID_CONFIG', '%s must be %s, got %s', 500, TypeError)

/** There is a session of that name already. */
export const FST_SESSION_ALREADY_REGISTERED: FastifyErrorConstructor = createError(
  'FST_SESSION_ALREADY_REGISTERED',
  "request.%s exists already. Register the session plugin once, in the outermost scope that needs it; several sessions side by side are given as 'sessions: [...]' with a sessionName each",
  500
)

/** A write to a session that is none: there is no key, or the route has none. */
export const FST_SESSION_UNAVAILABLE: FastifyErrorConstructor = createError(
  'FST_SESSION_UNAVAILABLE',
  'The session is read-only because %s',
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
  'The session is too large: %s bytes, the limit is %s. The largest keys are %s. Keep large data elsewhere and its id in the session',
  500
)

/** The session holds what JSON cannot. */
export const FST_SESSION_UNSERIALIZABLE: FastifyErrorConstructor = createError('FST_SESSION_UNSERIALIZABLE', 'The session cannot be saved: %s', 500, TypeError)
