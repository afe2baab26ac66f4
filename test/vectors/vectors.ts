/**
 * What real Flasks and ItsDangerouses made of fixed keys at a fixed time; `make_vectors.py` has recorded it.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import type { AppOptions, FlaskRequest, FlaskResponse, Loading, Maker, PythonException } from '../flask/peer.ts'
import type { Text, Typed } from '../flask/typed-json.ts'

export interface MadeBy {
  python: string
  flask: string
  itsdangerous: string
  werkzeug: string
}

interface Recorded {
  name: string
  /** Which of `madeBy` agree on this. Where versions differ there is a record of each, with the same name. */
  by: number[]
}

/** A session that Flask wrote and read again. */
export interface SessionVector extends Recorded {
  app: Omit<AppOptions, 'app'>
  now: number
  data: { $dict: Array<[string, Typed]> }
  /** Of TaggedJSONSerializer. */
  json: string
  /** The value of the session cookie. */
  cookie: string
}

/** A session that Flask sealed and opened again. */
export interface SealedVector extends SessionVector {
  /** In hex. */
  nonce: string
}

/** What TaggedJSONSerializer makes of a JSON text. */
export interface TagVector extends Recorded {
  text: string
  value?: Typed
  exception?: PythonException
}

/** A request to Flask, and the Vary and Set-Cookie headers of the answer. */
export interface ResponseVector extends Recorded {
  app: Omit<AppOptions, 'app'>
  request: Omit<FlaskRequest, 'app'>
  response: Omit<FlaskResponse, 'exception'> & { exception?: Omit<PythonException, 'message'> }
}

/** What `dumps` or `sign` makes of a value. */
export interface TokenVector extends Recorded {
  maker: Maker
  now: number
  value: Typed
  token?: Text
  exception?: PythonException
}

/** What `loads` or `unsign` makes of a token, or `loads_unsafe` where `unsafe` is set. */
export interface LoadVector extends Recorded, Pick<Loading, 'token' | 'maxAge'> {
  maker: Maker
  now: number
  returnTimestamp?: boolean
  unsafe?: boolean
  result: { value?: Typed, dateSigned?: number, valid?: boolean, exception?: PythonException }
}

export interface DerivedKeyVector extends Recorded {
  maker: Maker
  key: { $bytes: string }
}

export interface FlaskVectors {
  madeBy: MadeBy[]
  sessions: SessionVector[]
  tags: TagVector[]
  responses: ResponseVector[]
}

export interface ItsdangerousVectors {
  madeBy: MadeBy[]
  tokens: TokenVector[]
  loads: LoadVector[]
  derivedKeys: DerivedKeyVector[]
}

export interface SealedVectors {
  madeBy: Array<MadeBy & { pynacl: string }>
  sessions: SealedVector[]
}

export const flaskVectors: FlaskVectors = read('flask.json')
export const itsdangerousVectors: ItsdangerousVectors = read('itsdangerous.json')
/** Recorded by `make_sealed_vectors.py`. */
export const sealedVectors: SealedVectors = read('sealed.json')

/** The records of the newest Flask, each name once. */
export function newest<Vector extends Recorded> ({ madeBy }: { madeBy: MadeBy[] }, vectors: Vector[]): Vector[] {
  return vectors.filter(({ by }) => by.includes(madeBy.length - 1))
}

function read<Vectors> (name: string): Vectors {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as Vectors
}
