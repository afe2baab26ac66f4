/**
 * A conversation between a real Flask and the plugin: both take a cookie at the same time, do the same to the session, and
 * what one of them sends back goes into the next request to both.
 *
 * @module
 */

import type { HTTPMethods } from 'fastify'
import { compare } from './compare.ts'
import { Tally } from './differences.ts'
import { Model } from './model.ts'
import type { Dict } from './model.ts'
import { OurSide } from './our-side.ts'
import type { Asked, Outcome } from './our-side.ts'
import type { FlaskConfig, FlaskRequest, FlaskResponse, Peer, Step, Versions } from './peer.ts'
import { isSound, Random, randomDict, randomSecretKey, randomSettings, randomSigning, randomValue } from './random.ts'
import type { SettingName, Settings, Signing } from './random.ts'
import { parseSetCookie, takeApart } from './token.ts'
import type { Digest } from './peer.ts'
import type { Text } from './typed-json.ts'

/** A cookie that is kept for the next request, and how it was signed. */
interface Kept {
  token: string
  key: Text
  digest: Digest
  by: 'Flask' | 'ours'
}

export interface Report {
  exchanges: number
  /** What Flask wrote and the plugin read, and the other way. */
  readByUs: number
  readByFlask: number
  /** Exchanges in which both sent a cookie, in which both deleted it, and in which neither did. */
  cookies: number
  deletions: number
  silent: number
  failures: string[]
}

/** The cookie header of one request, for each side: they differ only by a known difference. */
interface Cookies {
  ours: string | undefined
  flask: string | undefined
}

const appName = 'conversation'

/** Has conversations with seeds from `seed` on until there were `runs` exchanges. */
export async function converse (options: {
  peer: Peer
  versions: Versions
  seed: number
  runs: number
  /** Sets the clock of the tests, in milliseconds. */
  setClock: (now: number) => void
  tally?: Tally
  onConversation?: (report: Report) => void
  /** Stops after so many failures. */
  maxFailures?: number
}): Promise<Report & { tally: Tally, conversations: number }> {
  const { peer, versions, seed, runs, setClock, tally = new Tally(versions), maxFailures = 1 } = options
  const report: Report = { exchanges: 0, readByUs: 0, readByFlask: 0, cookies: 0, deletions: 0, silent: 0, failures: [] }
  let conversations = 0
  while (report.exchanges < runs && report.failures.length < maxFailures) {
    const ownSeed = seed + conversations++
    const failure = await new Conversation(peer, new Random(ownSeed), tally, setClock, report).run().catch((error: Error) => error.stack)
    if (failure !== undefined) report.failures.push(`FLASK_SEED=${ownSeed} FLASK_RUNS=1 repeats this on Flask ${versions.flask}:\n${failure}`)
    options.onConversation?.(report)
  }
  return { ...report, tally, conversations }
}

class Conversation {
  readonly #peer: Peer
  readonly #random: Random
  readonly #tally: Tally
  readonly #setClock: (now: number) => void
  readonly #report: Report
  readonly #signing: Signing
  #settings: Settings
  #kept: Kept | undefined
  /** Milliseconds. */
  #now: number

  constructor (peer: Peer, random: Random, tally: Tally, setClock: (now: number) => void, report: Report) {
    this.#peer = peer
    this.#random = random
    this.#tally = tally
    this.#setClock = setClock
    this.#report = report
    this.#signing = randomSigning(random)
    this.#settings = soundSettings(random)
    this.#now = random.int(1_000_000_000_000, 4_000_000_000_000)
  }

  /** @returns what went wrong */
  async run (): Promise<string | undefined> {
    const { digest, salt, keyDerivation } = this.#signing
    await this.#peer.app({
      app: appName,
      config: flaskConfig(this.#settings, this.#tally),
      // stock Flask is on SHA-1
      ...(digest !== 'sha1' && { digest }),
      ...(salt !== undefined && { salt }),
      ...(keyDerivation !== undefined && { keyDerivation })
    })
    const ours = await OurSide.start(this.#settings, this.#signing, this.#random)
    try {
      await this.#begin()
      for (let count = this.#random.int(4, 14); count > 0; count--) {
        const failure = await this.#exchange(ours)
        if (failure !== undefined) return failure
      }
      return undefined
    } finally {
      await ours.close()
    }
  }

  /** Often there is a session already, which only Python can have written: with floats like 1.0. */
  async #begin (): Promise<void> {
    const { SECRET_KEY: key } = this.#settings
    if (key === null || this.#random.chance(0.3)) return
    const value = randomDict(this.#random, this.#random.int(1, 6), () => randomValue(this.#random, { wholeFloats: true }))
    const { digest, salt = 'cookie-session', keyDerivation = 'hmac' } = this.#signing
    const made = await this.#peer.dumps({ kind: 'URLSafeTimedSerializer', serializer: 'tagged', key, digest, salt, keyDerivation, value, now: this.#now / 1000 })
    if ('exception' in made) throw new Error(`Flask cannot write ${JSON.stringify(value)}`)
    this.#kept = { token: made.token as string, key, digest, by: 'Flask' }
  }

  async #exchange (ours: OurSide): Promise<string | undefined> {
    const random = this.#random
    if (random.chance(0.25)) await this.#changeSettings(ours)
    this.#moveClock()
    const cookies = await this.#cookies()
    const request: FlaskRequest = { app: appName, now: this.#now / 1000, ...(cookies.flask !== undefined && { cookie: cookies.flask }) }
    const before = await this.#peer.request(request)
    if (before.session === null) return `Flask cannot open ${cookies.flask}`
    if (this.#kept !== undefined && before.session.data.$dict.length > 0) this.#report[this.#kept.by === 'ours' ? 'readByFlask' : 'readByUs']++

    const model = new Model(before.session.data as Dict, before.session.null)
    const raise = random.chance(0.1)
    const isFound = random.chance(0.95)
    const steps = isFound ? model.steps(random, random.pick([0, 1, 1, 2, 3, 4, 6]), raise) : []
    if (isFound && !raise && random.chance(0.05)) steps.push({ op: 'abort', status: random.pick([400, 401, 403, 404, 500, 503]) })
    const asked: Asked = {
      method: random.pick<HTTPMethods>(['GET', 'GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']),
      path: isFound ? '/' : '/nowhere',
      cookie: cookies.ours,
      steps,
      raise
    }
    const flaskSteps = this.#flaskSteps(steps, model, raise)
    const flask = this.#peer.request({ ...request, steps: flaskSteps.steps, raise, method: asked.method, path: asked.path })
    const outcome = await ours.request(asked)
    const theirs = outcomeOf(await flask, flaskSteps.added)
    const problems = compare({ ours: outcome, flask: theirs, steps, model, settings: this.#settings, digest: this.#signing.digest, now: this.#now, tally: this.#tally })
    this.#report.exchanges++
    if (problems.length > 0) return this.#describe(problems, ours, asked, cookies, { outcome, theirs })
    this.#keep(outcome, theirs)
    return undefined
  }

  async #changeSettings (ours: OurSide): Promise<void> {
    const random = this.#random
    const before = this.#settings
    for (let attempt = 0; attempt < 10; attempt++) {
      const next: Settings = { ...before }
      const drawn = randomSettings(random)
      for (const name of Object.keys(drawn) as SettingName[]) {
        if (!ours.fixed.has(name) && random.chance(0.4)) Object.assign(next, { [name]: drawn[name] })
      }
      if (!ours.fixed.has('SECRET_KEY') && !ours.fixed.has('SECRET_KEY_FALLBACKS') && before.SECRET_KEY !== null && random.chance(0.4)) {
        next.SECRET_KEY = randomSecretKey(random)
        if (random.chance(0.8)) next.SECRET_KEY_FALLBACKS = [...before.SECRET_KEY_FALLBACKS, before.SECRET_KEY]
      }
      if (!isSound(next)) continue
      this.#settings = next
      ours.change(next)
      await this.#peer.config({ app: appName, config: flaskConfig(next, this.#tally) })
      return
    }
  }

  #moveClock (): void {
    const random = this.#random
    const lifetime = this.#settings.PERMANENT_SESSION_LIFETIME * 1000
    switch (random.int(0, 19)) {
      case 0: this.#now += lifetime; break
      case 1: this.#now += lifetime + 1000; break
      case 2: this.#now -= random.int(1, 5) * 1000; break
      case 3: this.#now -= random.int(6, 100) * 1000; break
      case 4: case 5: case 6: break
      default: this.#now += random.int(0, Math.min(5000, lifetime))
    }
    // far from where Python's dates end
    if (this.#now > 5_000_000_000_000) this.#now = 1_000_000_000_000
    this.#setClock(this.#now)
  }

  async #cookies (): Promise<Cookies> {
    const random = this.#random
    await this.#moveToOtherDigest()
    const kept = this.#kept
    const { SESSION_COOKIE_NAME: name } = this.#settings
    const header = (value: string | undefined, around: string[]): string | undefined =>
      [...around.slice(0, 1), ...(value === undefined ? [] : [`${name}=${value}`]), ...around.slice(1)].join('; ') || undefined
    const around = random.pick([[], [], ['a=b'], ['theme="dark; mode"', 'x'], ['other=1', `x${name}=2`, `${name}x=3`], [`not-${name}=`, `${name}=late`]])
    if (kept === undefined) {
      const value = random.chance(0.1) ? random.pick(['', '.', '..', 'a.b.c', 'e30.AAAAAA.', '.eJw.x.y', '%7B%7D', '"', '.'.repeat(3000), '\u00ff']) : undefined
      return { ours: header(value, around), flask: header(value, around) }
    }
    const [token, isRespelled] = this.#tampered(kept.token)
    if (isRespelled) return { ours: header(token, around), flask: header(undefined, around) }
    if (token !== kept.token) return { ours: header(token, around), flask: header(token, around) }
    return { ours: header(token, around), flask: header(await this.#asFlaskTakesIt(kept), around) }
  }

  /** Now and then the cookie is one of those that were made before the digest changed. */
  async #moveToOtherDigest (): Promise<void> {
    const { otherDigest, salt = 'cookie-session', keyDerivation = 'hmac' } = this.#signing
    if (this.#kept === undefined || otherDigest === undefined || !this.#random.chance(0.2)) return
    const { payload, timestamp } = takeApart(this.#kept.token)
    const token = await this.#sign({ key: this.#kept.key, digest: otherDigest, salt, keyDerivation, payload, now: timestamp })
    this.#kept = { ...this.#kept, token, digest: otherDigest }
  }

  /** Now and then another text; true where Flask would take it for the same token. */
  #tampered (token: string): [token: string, isRespelled: boolean] {
    const random = this.#random
    if (!random.chance(0.12)) return [token, false]
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const at = random.int(0, token.length - 2)
    switch (random.int(0, 5)) {
      case 0: return [token.slice(0, at), false]
      case 1: return [`${token}.`, false]
      case 2: return [`${token.slice(at + 1)}`, false]
      case 3: {
        // sha384 has no unused bits
        const unused = { 27: 4, 43: 4, 86: 16 }[takeApart(token).signature.length] ?? 1
        const last = alphabet.indexOf(token.at(-1) as string)
        const other = alphabet[last - last % unused + (last + 1) % unused] as string
        return unused > 1 && this.#tally.excuse('strictSpelling') ? [token.slice(0, -1) + other, true] : [token, false]
      }
      default: {
        const other = random.pick(alphabet.replace(token[at] as string, '').split(''))
        return [token.slice(0, at) + other + token.slice(at + 1), false]
      }
    }
  }

  /** The token, or where Flask is known to refuse what is accepted here: signed again as it would accept it. */
  async #asFlaskTakesIt ({ token, key, digest }: Kept): Promise<string> {
    const { timestamp, payload } = takeApart(token)
    const { SECRET_KEY: currentKey, SECRET_KEY_FALLBACKS: fallbacks } = this.#settings
    if (currentKey === null) return token
    const now = Math.floor(this.#now / 1000)
    const { clockTolerance = 5, otherDigest, salt = 'cookie-session', keyDerivation = 'hmac' } = this.#signing
    const isOldKey = !isSame(key, currentKey)
    const signedKey = isOldKey && fallbacks.some((old) => isSame(old, key)) && this.#tally.excuse('fallbacks') ? currentKey : key
    const signedDigest = digest !== this.#signing.digest && digest === otherDigest && this.#tally.excuse('otherDigest') ? this.#signing.digest : digest
    const signedAt = timestamp > now && timestamp - now <= clockTolerance && this.#tally.excuse('clockTolerance') ? now : timestamp
    if (signedKey === key && signedDigest === digest && signedAt === timestamp) return token
    return this.#sign({ key: signedKey, digest: signedDigest, salt, keyDerivation, payload, now: signedAt })
  }

  async #sign ({ payload, ...how }: { key: Text, digest: Digest, salt: Text, keyDerivation: string, payload: string, now: number }): Promise<string> {
    const signed = await this.#peer.dumps({ kind: 'TimestampSigner', ...how, value: payload })
    if ('exception' in signed) throw new Error(`Flask cannot sign: ${signed.exception.message}`)
    return signed.token as string
  }

  /** Flask must be told of a change inside of a value. */
  #flaskSteps (steps: Step[], model: Model, raise: boolean): { steps: Step[], added: number | undefined } {
    if (!model.isChangedUnnoticed || model.isNull || !this.#tally.excuse('nestedChanges')) return { steps, added: undefined }
    const modified: Step = { op: 'modified', value: true }
    // behind what may end the request there is no further step
    const isLast = steps.at(-1)?.op === 'abort' || raise
    const at = isLast ? steps.length - 1 : steps.length
    return { steps: steps.toSpliced(at, 0, modified), added: at }
  }

  #keep (ours: Outcome, flask: Outcome): void {
    const [cookie] = ours.setCookies
    const [theirs] = flask.setCookies
    const { SECRET_KEY: key } = this.#settings
    if (cookie === undefined && theirs === undefined) this.#report.silent++
    if (cookie === undefined || theirs === undefined || key === null) return
    const by = this.#random.chance(0.5) ? 'ours' : 'Flask'
    const token = parseSetCookie(by === 'ours' ? cookie : theirs).value
    this.#report[token === '' ? 'deletions' : 'cookies']++
    this.#kept = token === '' ? undefined : { token, key, digest: this.#signing.digest, by }
  }

  #describe (problems: string[], ours: OurSide, asked: Asked, cookies: Cookies, outcomes: object): string {
    const context = { signing: this.#signing, settings: this.#settings, options: [...ours.fixed], now: this.#now, asked, cookies, kept: this.#kept, ...outcomes }
    return `${problems.join('\n')}\n${JSON.stringify(context, null, 1)}`
  }
}

function soundSettings (random: Random): Settings {
  const settings = randomSettings(random)
  return isSound(settings) ? settings : soundSettings(random)
}

function isSame (a: Text, b: Text): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** What the settings are for this Flask: without those that it does not know or cannot take. */
function flaskConfig (settings: Settings, tally: Tally): FlaskConfig {
  const { SECRET_KEY_FALLBACKS: fallbacks, SESSION_COOKIE_PARTITIONED: partitioned, ...rest } = settings
  return {
    ...rest,
    ...(!tally.knows('fallbacks') && { SECRET_KEY_FALLBACKS: fallbacks }),
    ...(!tally.knows('partitioned') && { SESSION_COOKIE_PARTITIONED: partitioned }),
    ...(tally.knows('domainWithoutDot') && settings.SESSION_COOKIE_DOMAIN === 'localhost' && { SESSION_COOKIE_DOMAIN: null })
  }
}

function outcomeOf (response: FlaskResponse, added: number | undefined): Outcome {
  const { status, headers, session } = response
  const valuesOf = (name: string): string[] => headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value)
  const answers = response.steps.map((answer) => 'exception' in answer ? { exception: answer.exception.name } : answer)
  return {
    status,
    answers: added === undefined ? answers : answers.toSpliced(added, 1),
    session,
    setCookies: valuesOf('set-cookie'),
    vary: valuesOf('vary').join(', '),
    ...(response.exception !== undefined && { error: { code: response.exception.name, message: response.exception.message } })
  }
}
