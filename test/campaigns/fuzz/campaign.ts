/**
 * A campaign of the fuzzer: what is tried, what is kept, what is found.
 *
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import type { FlaskResponse, Peer } from '../../flask/peer.ts'
import type { Typed } from '../../flask/typed-json.ts'
import { cookieOf, corpus } from '../hostile/corpus.ts'
import { changesSince, snapshotOfShared } from '../hostile/shared-objects.ts'
import { python } from '../hostile/world.ts'
import { TaggedJSONSerializer } from '../../../lib/index.ts'
import { carryFloats } from '../../../lib/json/carried-floats.ts'
import { Coverage } from './coverage.ts'
import { genesOf, headerOf, key, now } from './gene.ts'
import type { Gene } from './gene.ts'
import { judge, payloadOf } from './judge.ts'
import type { Flasks, Ours } from './judge.ts'
import { mutate, Random } from './mutate.ts'
import { makeTarget } from './target.ts'
import type { Target } from './target.ts'

/** A cookie of which we make something else than we should. */
export interface Found {
  /** Counts the executions. */
  name: string
  reason: string
  cookie: string
  flask: Flasks
  /** What the session must hold, as far as Flask knows. */
  expected: Typed
  /** For whoever decides about it. */
  why: string
}

/** Longer ones are the business of the corpus. */
const longestSeed = 3000

export class Campaign {
  readonly found: Found[] = []
  readonly differences = new Map<string, number>()
  executions = 0
  signed = 0
  roundTrips = 0
  slowest = { milliseconds: 0, header: '' }
  readonly #random: Random
  readonly #seed: number
  readonly #serializer = new TaggedJSONSerializer()
  readonly #peer: Peer
  readonly #plain: Target
  readonly #remembering: Target
  readonly #coverage = new Coverage()
  readonly #pool: Gene[] = []
  readonly #kinds = new Set<string>()
  readonly #reported = new Set<string>()
  readonly #shared = snapshotOfShared()

  private constructor (peer: Peer, seed: number, plain: Target, remembering: Target) {
    this.#seed = seed
    this.#random = new Random(seed)
    this.#peer = peer
    this.#plain = plain
    this.#remembering = remembering
  }

  /** The clock must stand at {@link now}. */
  static async start (peer: Peer, seed: number): Promise<Campaign> {
    await peer.app({ app: 'fuzz', config: { SECRET_KEY: key }, digest: 'sha1' })
    return new Campaign(peer, seed, await makeTarget(0), await makeTarget(50))
  }

  get summary (): string {
    return `${this.executions} executions (${this.signed} rightly signed, ${this.roundTrips} round trips through Flask), ${this.#pool.length} kept, ${this.#coverage.size} characters of lib/ covered, ${this.#kinds.size} kinds of answers, ${this.found.length} findings`
  }

  /** Puts the corpus into the ground from which everything grows. @param isRun - whether each of its cookies is tried as it is */
  async plant (isRun: boolean): Promise<void> {
    const headers = corpus.entries.filter(({ app }) => app === 'sha1').map(cookieOf).filter((header) => header.length < longestSeed)
    const genes = headers.flatMap(genesOf)
    if (isRun) for (let at = 0; at < genes.length; at += 200) await this.#run(genes.slice(at, at + 200), false)
    this.#pool.push(...genes.filter(() => this.#random.chance(0.3)))
  }

  /** Tries so many changed cookies. */
  async step (size: number): Promise<void> {
    const genes: Gene[] = []
    while (genes.length < size) {
      // half of all from what was kept last
      const youngest = Math.max(1, Math.floor(this.#pool.length / 8))
      const at = this.#random.chance(0.5) ? this.#pool.length - 1 - this.#random.below(youngest) : this.#random.below(this.#pool.length)
      const parent = this.#pool[at] as Gene
      if (parent.layer !== 'payload' && this.#random.chance(0.5)) continue
      genes.push(mutate(this.#random, parent, this.#random.pick(this.#pool)))
    }
    await this.#run(genes)
  }

  async close (): Promise<void> {
    this.#coverage.close()
    await this.#plain.close()
    await this.#remembering.close()
  }

  checkShared (): void {
    const changes = changesSince(this.#shared)
    if (changes.length > 0) throw new Error(`shared objects have changed: ${changes.join()}`)
  }

  async #run (genes: Gene[], keepsCoverage = true): Promise<void> {
    const headers = genes.map(headerOf)
    const asked = headers.map((cookie) => this.#peer.request({ app: 'fuzz', cookie, now }))
    this.#coverage.take(true)
    const ours = headers.map((header) => this.#open(header))
    if (this.#coverage.take(!keepsCoverage) > 0 && keepsCoverage) this.#keepNewCoverage(genes)
    const answers = await Promise.all(asked)
    const again: Array<Promise<void>> = []
    for (const [index, gene] of genes.entries()) {
      const header = headers[index] as string
      const mine = ours[index] as Ours
      const flasks = answerOf(answers[index] as FlaskResponse)
      this.executions++
      if (gene.layer === 'signed' || gene.layer === 'payload') this.signed++
      this.#keepNewKinds(gene, mine, answers[index] as FlaskResponse)
      try {
        const difference = judge(header, mine, flasks)
        if (difference !== undefined) this.#count(difference)
        if (this.#random.chance(0.2)) this.#compareRemembered(header, mine)
        if (difference === undefined && mine.outcome === 'data') again.push(this.#writeAgain(header, flasks))
      } catch (error) {
        this.#report((error as Error).message, header, mine, flasks)
      }
    }
    await Promise.all(again)
  }

  /** One by one, to know which of a batch ran what never ran before. */
  #keepNewCoverage (genes: Gene[]): void {
    for (const gene of genes) {
      this.#plain.open(headerOf(gene))
      if (this.#coverage.take(true) > 0) this.#pool.push(gene)
    }
  }

  #open (header: string): Ours {
    const start = performance.now()
    const result = this.#plain.open(header)
    if (performance.now() - start > this.slowest.milliseconds) this.#timeAgain(header)
    return result
  }

  /** The best of five: other processes take their time, too. */
  #timeAgain (header: string): void {
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now()
      this.#plain.open(header)
      return performance.now() - start
    })
    const milliseconds = Math.min(...times)
    if (milliseconds > this.slowest.milliseconds) this.slowest = { milliseconds, header }
  }

  #compareRemembered (header: string, ours: Ours): void {
    for (const time of ['first', 'second', 'third']) {
      if (!isDeepStrictEqual(this.#remembering.open(header), ours)) throw new Error(`the ${time} time is not like the others with a memo`)
    }
  }

  /** What was read and is written again says to Flask what it said before. */
  async #writeAgain (header: string, flasks: Flasks): Promise<void> {
    this.roundTrips++
    const payload = payloadOf(header)
    let text: string
    try {
      text = carryFloats(this.#serializer.dumps(this.#serializer.loads(payload)), payload)
    } catch (error) {
      this.#report(`what was read cannot be written: ${String(error).slice(0, 60)}`, header, undefined, flasks)
      return
    }
    const answer = await this.#peer.tagLoads({ text })
    if ('exception' in answer) this.#report(`Flask cannot read what we write: ${answer.exception.name}`, header, undefined, flasks)
    else if (inOrder(answer.value) !== inOrder(flasks.data as Typed)) {
      const isAlike = asInts(answer.value) === asInts(flasks.data as Typed)
      // A float that is whole is known by its .0: Python writes it so up to 10^16, and with an exponent from there on.
      if (isAlike && !/(?:^|[[:,\s])-?\d+\.0/.test(payload)) this.#count('a whole float as Python would not write it')
      // A tag of a key that is no tag's, and a tuple tagged twice, are written without it: the float has another place.
      else if (isAlike && /" (?:di|t)"\s*:\s*\{/.test(payload)) this.#count('a whole float in a tag as Python would not write it')
      else this.#report('what was read is something else when it is written again', header, undefined, flasks)
    }
  }

  #count (difference: string): void {
    this.differences.set(difference, (this.differences.get(difference) ?? 0) + 1)
  }

  #keepNewKinds (gene: Gene, ours: Ours, { exception, session }: FlaskResponse): void {
    const shape = exception === undefined ? Object.keys(session?.data.$dict ?? []).length : `${exception.name} ${exception.originalError} ${exception.message.replace(/[\d'"].*$/, '').slice(0, 40)}`
    const kind = `${gene.layer} ${ours.outcome} ${ours.lines.join()} ${typeof shape === 'number' ? Math.min(shape, 4) : shape} ${kindsIn(ours.data)}`
    if (this.#kinds.has(kind)) return
    this.#kinds.add(kind)
    // What is broken once stays broken under most changes.
    if (this.#pool.length < 20_000 && (exception === undefined || this.#random.chance(0.05))) this.#pool.push(gene)
  }

  #report (reason: string, cookie: string, ours: Ours | undefined, flasks: Flasks): void {
    const kind = `${reason} ${ours?.lines.join()} ${flasks.exception ?? flasks.outcome} ${kindsIn(ours?.data ?? python.decode(flasks.data ?? null))}`
    if (this.#reported.has(kind)) return
    this.#reported.add(kind)
    const expected = flasks.data ?? { $dict: [] }
    this.found.push({ name: `${this.#seed}-${this.executions}`, reason, cookie, flask: flasks, expected, why: '' })
  }
}

function answerOf ({ status, session, exception }: FlaskResponse): Flasks {
  if (status !== 200 || session === null) return { outcome: '500', exception: exception?.name ?? String(status), cause: exception?.originalError }
  return session.data.$dict.length === 0 ? { outcome: 'empty' } : { outcome: 'data', data: session.data }
}

/** Typed JSON with the keys of all dicts in order. */
function inOrder (typed: Typed): string {
  return JSON.stringify(typed, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$dict' in value)) return value
    return { $dict: (value.$dict as Array<[string, Typed]>).toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0) }
  })
}

/** The same, with whole floats as ints. */
function asInts (typed: Typed): string {
  return inOrder(typed).replace(/\{"\$float":"(-?\d+)\.0"\}/g, '{"$int":"$1"}')
}

/** The classes of all values, to depth 3. */
function kindsIn (value: unknown, depth = 3): string {
  const kinds = new Set<string>()
  const walk = (item: unknown, left: number): void => {
    kinds.add(typeof item === 'object' && item !== null ? item.constructor?.name ?? 'null' : typeof item)
    if (left > 0 && typeof item === 'object' && item !== null && !Buffer.isBuffer(item)) for (const each of Object.values(item).slice(0, 20)) walk(each, left - 1)
  }
  walk(value, depth)
  return [...kinds].sort().join('+')
}
