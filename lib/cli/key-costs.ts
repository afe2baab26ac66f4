/**
 * What each key of a session costs.
 *
 * @module
 */

/** A key and the bytes of JSON that it and its value take. */
export interface KeyCost {
  key: string
  bytes: number
}

// Python writes every character that is not ASCII as \uXXXX, JavaScript does not: so the text itself is measured.
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},]/g

/**
 * The keys of the JSON text of an object, the most expensive first. Braces and the commas between are not counted.
 *
 * @param text - valid JSON
 */
export function keyCosts (text: string): KeyCost[] {
  const costs: KeyCost[] = []
  let depth = 0
  let start = 0
  let key: string | undefined
  for (const { 0: word, index } of text.matchAll(token)) {
    if (word === '{' || word === '[') {
      depth++
      if (depth === 1) start = index + 1
    } else if (depth === 1 && (word === ',' || word === '}')) {
      if (key !== undefined) costs.push({ key, bytes: Buffer.byteLength(text.slice(start, index).trim()) })
      key = undefined
      start = index + 1
    } else if (word === '}' || word === ']') {
      depth--
    } else if (depth === 1) {
      key ??= JSON.parse(word) as string
    }
  }
  return costs.sort((a, b) => b.bytes - a.bytes)
}
