/**
 * Telling from a cookie's text whether its session can be permanent.
 *
 * @module
 */

/** `_permanent` in base64: one text for each place that its first byte can have in a group of three, without the ends. */
const permanentInBase64 = [0, 1, 2].map((before) => {
  const text = Buffer.from(' '.repeat(before) + '_permanent').toString('base64url')
  return text.slice(Math.ceil(before * 4 / 3), Math.floor((before + '_permanent'.length) * 4 / 3))
})

/**
 * Whether an untouched session in this cookie may have to be refreshed: false only if it surely is not permanent.
 *
 * Looks without decoding, and without believing: it only tells whether verifying is worth the time.
 */
export function mayBePermanent (cookie: string): boolean {
  return cookie.startsWith('.') || permanentInBase64.some((text) => cookie.includes(text))
}
