/**
 * Session interfaces that share the sessions of other frameworks.
 *
 * @module
 */

export { DjangoSessionInterface } from './django.ts'
export { StarletteSessionInterface } from './starlette.ts'
export { PythonJSONSerializer } from '../json/python-json-serializer.ts'
export type { PythonJSONOptions } from '../json/python-json-serializer.ts'
export type { PeerOptions } from './peer-sessions.ts'
