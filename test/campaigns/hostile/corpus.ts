/**
 * Hostile Cookie headers and what real Flasks make of them; `make_corpus.py` has recorded it.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import type { AppOptions } from '../../flask/peer.ts'
import type { Typed } from '../../flask/typed-json.ts'

/** What a Flask answered. Data that is long is not recorded, only the number of its keys. */
export interface FlaskAnswer {
  /** Which of `madeBy` agree on this. */
  by: number[]
  outcome: 'data' | 'empty' | '500'
  data?: { $dict: Array<[string, Typed]> }
  length?: number
  /** Why the status is 500. */
  exception?: string
}

export interface CorpusEntry {
  /** Its group, a colon and its name. */
  id: string
  app: string
  /** The Cookie header, or its parts: text, or text and how often it is repeated. */
  cookie: string | Array<string | [text: string, times: number]>
  flask: FlaskAnswer[]
}

export interface Corpus {
  madeBy: Array<{ python: string, flask: string, itsdangerous: string, werkzeug: string }>
  now: number
  apps: Record<string, Omit<AppOptions, 'app'>>
  entries: CorpusEntry[]
}

export const corpus: Corpus = JSON.parse(readFileSync(new URL('corpus.json', import.meta.url), 'utf8'))

/** The Cookie header of an entry; its characters are the bytes on the wire. */
export function cookieOf ({ cookie }: Pick<CorpusEntry, 'cookie'>): string {
  if (typeof cookie === 'string') return cookie
  return cookie.map((part) => typeof part === 'string' ? part : part[0].repeat(part[1])).join('')
}

/** What the newest Flask answered. */
export function newestAnswer ({ flask }: CorpusEntry): FlaskAnswer {
  return flask.find(({ by }) => by.includes(corpus.madeBy.length - 1)) as FlaskAnswer
}
