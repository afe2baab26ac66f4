/**
 * What is fuzzed: a Cookie header in the making. Changes happen on one of its layers, and what lies above is made anew,
 * signature included, so that they reach the code behind it.
 *
 * @module
 */

import { createHmac } from 'node:crypto'
import { deflateSync } from 'node:zlib'

export type Gene =
  /** The whole header; characters are bytes. */
  | { layer: 'header', text: string }
  /** The value of the session cookie. */
  | { layer: 'cookie', text: string }
  /** What is signed: payload, dot and timestamp. */
  | { layer: 'signed', text: string }
  /** The bytes of the payload, compressed or not, signed just so many seconds ago. */
  | { layer: 'payload', text: string, compress: boolean, age: number }

export const key = 'the secret key of the hostile corpus'
export const now = 1_700_000_000

const derived = createHmac('sha1', key).update('cookie-session').digest()

/** Made with node:crypto alone, so that it proves something. */
export function signatureOf (text: string): string {
  return createHmac('sha1', derived).update(Buffer.from(text, 'latin1')).digest('base64url')
}

export function stampOf (seconds: number): string {
  const hex = seconds.toString(16)
  return Buffer.from(hex.padStart(hex.length + hex.length % 2, '0'), 'hex').toString('base64url')
}

export function headerOf (gene: Gene): string {
  switch (gene.layer) {
    case 'header': return gene.text
    case 'cookie': return `session=${gene.text}`
    case 'signed': return `session=${gene.text}.${signatureOf(gene.text)}`
    case 'payload': {
      const bytes = Buffer.from(gene.text, 'latin1')
      const payload = gene.compress ? '.' + deflateSync(bytes).toString('base64url') : bytes.toString('base64url')
      return headerOf({ layer: 'signed', text: `${payload}.${stampOf(now - gene.age)}` })
    }
  }
}

/** The layers below that of a header that Flask or we could have written. */
export function genesOf (header: string): Gene[] {
  const genes: Gene[] = [{ layer: 'header', text: header }]
  const value = /^session=([^;]*)$/.exec(header)?.[1]
  if (value === undefined) return genes
  genes.push({ layer: 'cookie', text: value })
  const end = value.lastIndexOf('.')
  if (end === -1) return genes
  const signed = value.slice(0, end)
  genes.push({ layer: 'signed', text: signed })
  const [payload, stamp] = [signed.slice(0, signed.lastIndexOf('.')), signed.slice(signed.lastIndexOf('.') + 1)]
  if (/^[\w-]+$/.test(payload) && stamp === stampOf(now)) genes.push({ layer: 'payload', text: Buffer.from(payload, 'base64url').toString('latin1'), compress: false, age: 0 })
  return genes
}
