/**
 * Sends requests to the plugin and counts the way that they take through lib/.
 *
 * @module
 */

import { mock } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Instrumented } from './instrument.ts'
import type { Call, Recorder } from './recorder.ts'

export const caseNames = [
  'untouched, no cookie', 'untouched, cookie seen', 'read, cookie seen', 'read, never seen', 'write, never seen'
] as const
export type CaseName = typeof caseNames[number]

const secretKey = 'a secret key to count with'
const warmRequests = 20
const firstUser = 100_000
const data = { user_id: firstUser, visits: 1, cart: [1, 2, 3], name: 'Ada' }

/** The calls of one request of each case, with the settings that the plugin has by default. */
export async function recordCases (instrumented: Instrumented): Promise<Record<CaseName, Call[]>> {
  // Timestamps are kept for a second: how many calls there are must not depend on when it ends.
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  try {
    const recordings: Partial<Record<CaseName, Call[]>> = {}
    for (const name of caseNames) recordings[name] = await recordCase(instrumented, name)
    return recordings as Record<CaseName, Call[]>
  } finally {
    mock.timers.reset()
  }
}

async function recordCase ({ library, recorder }: Instrumented, name: CaseName): Promise<Call[]> {
  const app = await build(library, recorder)
  const url = `/${name.split(',', 1)[0]}`
  const cookies = await makeCookies(await build(library, recorder), name)
  const visit = async (url: string, cookie = cookies.pop()): Promise<unknown> => (
    await app.inject({ method: 'POST', url, headers: cookie === undefined ? {} : { cookie } })
  )
  // An untouched route opens no cookie, and a cookie that was opened once need not be remembered.
  if (name.endsWith('cookie seen')) for (let count = 0; count < 3; count++) await visit('/read')
  for (let count = 0; count < warmRequests; count++) await visit(url)
  const calls = await recorder.record(() => visit(url))
  await app.close()
  return calls
}

async function build (library: Instrumented['library'], recorder: Recorder): Promise<FastifyInstance> {
  const app = Fastify() as unknown as FastifyInstance
  runDoneOutside(app, recorder)
  await app.register(library.default, { secretKey })
  const handle = (url: string, handler: (request: FastifyRequest) => unknown): void => {
    app.post(url, (request, reply) => { reply.send(handler(request) ?? null) })
  }
  handle('/untouched', () => null)
  handle('/read', ({ session }) => session['visits'])
  handle('/write', ({ session }) => { session['visits'] += 1 })
  handle('/login/:user', ({ session, params }) => {
    Object.assign(session, data, { user_id: Number((params as { user: string }).user) })
  })
  return app
}

/** A Cookie header for each request of a case, made by another application: the recorded one has not seen them. */
async function makeCookies (login: FastifyInstance, name: CaseName): Promise<string[]> {
  const cookies: string[] = []
  for (let user = firstUser; user < firstUser + warmRequests + 4 && !name.endsWith('no cookie'); user++) {
    const url = `/login/${name.endsWith('never seen') ? user : firstUser}`
    const { headers } = await login.inject({ method: 'POST', url })
    cookies.push(String(headers['set-cookie']).split(';', 1)[0] as string)
  }
  await login.close()
  return cookies
}

type Hook = (request: FastifyRequest, reply: FastifyReply, ...rest: unknown[]) => unknown
const requestHooks = [
  'onRequest', 'preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onError', 'onSend', 'onResponse'
]

/** The `done` of a hook runs what follows, up to the end of the request; none of that is a part of the hook. */
function runDoneOutside (app: FastifyInstance, recorder: Recorder): void {
  const addHook = app.addHook as (this: FastifyInstance, name: string, hook: Hook) => FastifyInstance
  const wrap = (hook: Hook): Hook => {
    const wrapped: Hook = (request, reply, ...rest) => {
      const outside = rest.map((value) => {
        if (typeof value !== 'function') return value
        return (...results: unknown[]) => recorder.outside(() => value(...results))
      })
      return hook.call(app, request, reply, ...outside)
    }
    // Fastify tells by the number of parameters whether a hook calls `done`.
    return Object.defineProperty(wrapped, 'length', { value: hook.length })
  }
  Object.assign(app, {
    addHook (this: FastifyInstance, name: string, hook: Hook) {
      return addHook.call(this, name, requestHooks.includes(name) ? wrap(hook) : hook)
    }
  })
}

/** The figures of one request. All calls are those of functions of lib/. */
export interface Way {
  files: number
  functions: number
  calls: number
  /** Calls from one file to another. */
  crossings: number
  /** Ordered pairs of files of which the first calls the second. */
  pairs: number
  /** The most functions that run within each other. What a handler or Fastify calls begins at 1. */
  depth: number
  /** Pairs of files that call each other. */
  turns: Turn[]
  /** Calls into a file that is at work already, further down the stack, as `caller -> called`. */
  returns: string[]
}

/** Two files that call each other, and the calls as `caller -> called`. */
export interface Turn {
  files: [string, string]
  there: string[]
  back: string[]
}

export function wayOf (calls: readonly Call[]): Way {
  const crossing = calls.filter(crosses)
  const pairs = new Map<string, Set<string>>()
  for (const call of crossing) {
    const pair = `${call.caller?.spot.file} ${call.spot.file}`
    pairs.set(pair, (pairs.get(pair) ?? new Set()).add(describe(call)))
  }
  const turns = [...pairs].flatMap(([pair, there]): Turn[] => {
    const files = pair.split(' ') as [string, string]
    const back = pairs.get(files.toReversed().join(' '))
    return back === undefined || files[0] > files[1] ? [] : [{ files, there: [...there], back: [...back] }]
  })
  return {
    files: new Set(calls.map(({ spot }) => spot.file)).size,
    functions: new Set(calls.map(({ spot }) => spot)).size,
    calls: calls.length,
    crossings: crossing.length,
    pairs: pairs.size,
    depth: Math.max(0, ...calls.map(({ depth }) => depth)),
    turns,
    returns: [...new Set(crossing.filter(isReturn).map(describe))]
  }
}

function crosses ({ spot, caller }: Call): boolean {
  return caller !== undefined && caller.spot.file !== spot.file
}

function isReturn ({ spot, caller }: Call): boolean {
  let running = caller
  while (running !== undefined && running.spot.file !== spot.file) running = running.caller
  return running !== undefined
}

function describe ({ spot, caller }: Call): string {
  return `${caller?.spot.name} -> ${spot.name}`
}
