/**
 * The data that the sessions of the benchmark hold: the same for every peer.
 *
 * @module
 */

/** Keys for every peer: 32 bytes of text. */
export const secretKey = 'benchmark key of thirty-two byte'
export const otherKey = 'another key of thirty-two bytes!'
export const forgersKey = 'a key of thirty-two unlike bytes'

/** The sessions of an application that has three. */
export const sessionNames: readonly string[] = ['session', 'second', 'third']

export interface Cart { sku: string, qty: number }

export interface Payload {
  _permanent?: boolean
  user_id: number
  visits: number
  cart: Cart[]
  token: string
  [key: string]: unknown
}

/** A user's number has six digits, so that payloads of one size have one length. */
export const firstUser = 100_000

/**
 * Data whose compact JSON has `size` bytes, 110 at least: a cart of up to a dozen lines, hex digits for the rest. It shrinks
 * to about half under zlib.
 */
export function payload (size: number, index: number, permanent = false): Payload {
  const random = randomHex(index * 7919 + size)
  const data: Payload = {
    ...(permanent ? { _permanent: true } : undefined),
    user_id: firstUser + index,
    visits: 1_000_000,
    cart: [{ sku: random(6), qty: 1_000_000 }],
    token: ''
  }
  const room = (): number => size - JSON.stringify(data).length
  // What short values there are decides what JSON.parse costs: V8 looks each of them up in its table of strings.
  while (data.cart.length < size / 250 && room() > 40) data.cart.push({ sku: random(6), qty: data.cart.length })
  for (let index = 0; room() > 200; index++) data[`note_${index}`] = random(120)
  data.token = random(room())
  return data
}

/** A small generator of pseudo-random hex digits, so that runs are alike. */
function randomHex (seed: number): (length: number) => string {
  let state = (seed ^ 0x9e3779b9) >>> 0
  return (length) => {
    let text = ''
    while (text.length < length) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      text += (state >>> 8).toString(16).padStart(6, '0')
    }
    return text.slice(0, Math.max(0, length))
  }
}
