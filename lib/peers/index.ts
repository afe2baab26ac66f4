/**
 * Session interfaces that share the sessions of other frameworks.
 *
 * @module
 */

export { DjangoSessionInterface } from './django.ts'
export { StarletteSessionInterface } from './starlette.ts'
export type { PeerOptions } from './peer-sessions.ts'
