/**
 * Looks for headers of an application that a session loses, spoils, or answers with an error that the application alone would
 * not have had.
 *
 *     tsx test/campaigns/headers/campaign.ts --count 1000 [--seed 1]
 *
 * Each reply is made without the plugin and with it. Exits with 1 after any difference, which is printed with the fewest
 * headers that show it.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'
import { inspect, parseArgs } from 'node:util'
import { Random } from '../../flask/random.ts'
import { findProgram } from '../../programs.ts'
import { put } from '../../replies/application-headers.ts'
import { h2, protocols } from '../../replies/protocols.ts'
import type { Client } from '../../replies/protocols.ts'
import { serve, takeUnheard } from '../../replies/served.ts'
import type { Served } from '../../replies/served.ts'
import { stateNames, states } from '../../replies/states.ts'
import type { Head } from '../../replies/way.ts'
import { ways } from '../../replies/ways.ts'
import { headerOf } from '../../client.ts'
import { differenceOf } from './judge.ts'
import type { Outcome, Reply } from './judge.ts'
import { randomGiven, shorter } from './odd-headers.ts'
import { moreWays } from './ways.ts'

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) }
  }
})

// A header that Node.js refuses may end a process without sessions, too. Here that is compared, not suffered.
process.on('uncaughtException', () => {})

/** A reply that fails after the head was taken over never comes. */
const patience = 500

/** No application has a say in the refusals that close the connection. */
const usableWays = [...ways.filter(({ isClosing }) => isClosing !== true), ...moreWays, ...moreWays]

function randomReply (random: Random): Reply {
  const protocol = random.pick(protocols.filter((each) => each !== h2 || findProgram('openssl') !== undefined))
  const way = random.pick(usableWays.filter(({ onlyHTTP1 }) => onlyHTTP1 === undefined || protocol.name === 'HTTP/1.1'))
  const hasOwnMethod = way.ask?.method !== undefined || way.ask?.body !== undefined
  const method = hasOwnMethod ? undefined : random.pick(['GET', 'GET', 'HEAD'] as const)
  const given = randomGiven(random)
  if (protocol.name === 'HTTP/1.1') {
    // Node.js reads pairs only where no header was set before, and skips empty names only where one was. With a session one was.
    if (way.name.endsWith('pairs')) delete given.raw
    for (const place of ['reply', 'head'] as const) given[place] = (given[place] ?? []).filter(([name]) => name !== '') as Head
  }
  return { protocol, way, method, state: random.pick(stateNames), given }
}

/** The servers of one way over one protocol: without the plugin, and with it. */
class Pair {
  readonly #cleanUps: Array<() => unknown> = []
  /** Of the last reply: without the plugin, and with it. */
  outcomes: Outcome[] = []
  #reply!: Reply
  readonly #served: Array<{ served: Served, client: Client }> = []

  static async open (reply: Reply): Promise<Pair> {
    const pair = new Pair()
    for (const hasPlugin of [false, true]) {
      const owner = { after: (cleanUp?: unknown) => { pair.#cleanUps.unshift(cleanUp as () => unknown) } }
      const served = await serve(owner, reply.way, (request, fastifyReply) => {
        if (hasPlugin) states[pair.#reply.state].act(request)
        return put(fastifyReply, pair.#reply.given)
      }, { protocol: reply.protocol, hasPlugin })
      pair.#served.push({ served, client: await served.connect() })
    }
    return pair
  }

  /** Makes the reply twice. A difference counts if it is there again when there is more time. */
  async differenceOf (reply: Reply): Promise<string | undefined> {
    this.#reply = reply
    for (const time of [patience, 6 * patience]) {
      const [before, after] = [await this.#ask(0, time), await this.#ask(1, time)]
      this.outcomes = [before, after]
      const difference = differenceOf(reply, before, after)
      if (difference === undefined || time > patience) return difference
    }
    return undefined
  }

  async #ask (index: number, time: number): Promise<Outcome> {
    const { way, method, state } = this.#reply
    const server = this.#served[index] as { served: Served, client: Client }
    if (!server.client.isOpen) server.client = await server.served.connect()
    const { client, served } = server
    const ask = { path: '/way', cookie: served.cookieFor(state), ...method === undefined ? {} : { method }, ...way.ask }
    const timer = new AbortController()
    const answer = await Promise.race([client.ask(ask), delay(time, undefined, { signal: timer.signal })])
    timer.abort()
    if (answer === undefined) await client.abort()
    else if (headerOf(answer, 'connection').includes('close')) await client.closed()
    const unheard = (await takeUnheard()).map((error) => String((error as { code?: string }).code ?? error))
    return { answer, unheard }
  }

  async close (): Promise<void> {
    for (const cleanUp of this.#cleanUps) await cleanUp()
  }
}

/** The same reply with the fewest headers that still differ. */
async function shrink (pair: Pair, reply: Reply, difference: string): Promise<{ reply: Reply, difference: string }> {
  for (const given of shorter(reply.given)) {
    const found = await pair.differenceOf({ ...reply, given })
    if (found !== undefined) return await shrink(pair, { ...reply, given }, found)
  }
  return { reply, difference }
}

function print (name: string, { method, state, given }: Reply, difference: string, outcomes: Outcome[]): void {
  const textOf = (value: unknown): string => inspect(value, { depth: 5, compact: true, maxStringLength: 60, maxArrayLength: 9 })
  console.log(`FOUND ${name}, ${method ?? 'its own method'}, ${state}: ${difference}\n  ${textOf(given).replace(/\n */g, ' ')}`)
  for (const { answer, unheard } of outcomes) {
    const lines = answer?.head.split('\r\n') ?? ['no answer']
    console.log(`    ${lines.map((line) => line.slice(0, 60)).join(' | ')} || ${answer?.body.slice(0, 60) ?? ''} [${unheard.join()}]`)
  }
}

const random = new Random(Number(options.seed))
const groups = new Map<string, Reply[]>()
const counts: Record<string, number> = {}
const count = (name: string): void => { counts[name] = (counts[name] ?? 0) + 1 }
for (const reply of random.times(Number(options.count), () => randomReply(random))) {
  const name = `${reply.protocol.name}: ${reply.way.name}`
  groups.set(name, [...groups.get(name) ?? [], reply])
  for (const each of [reply.protocol.name, reply.method ?? 'other methods', reply.state, reply.way.name]) count(each)
}

let found = 0
for (const [name, replies] of groups) {
  const pair = await Pair.open(replies[0] as Reply)
  for (const reply of replies) {
    const difference = await pair.differenceOf(reply)
    if (difference === undefined) continue
    found++
    const least = await shrink(pair, reply, difference)
    await pair.differenceOf(least.reply)
    print(name, least.reply, least.difference, pair.outcomes)
  }
  await pair.close()
}
for (const [name, number] of Object.entries(counts)) console.log(`${String(number).padStart(6)}  ${name}`)
console.log(`${options.count} replies with seed ${options.seed}: ${found} differ`)
process.exit(found > 0 ? 1 : 0)
