/**
 * Finding a cookie in the Cookie header.
 *
 * @module
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.8.3} how browsers write it
 */

/**
 * The value of the first cookie of that name, exactly as it was sent; `undefined` where there is none.
 *
 * Read here and not from `request.cookies`, which decodes percent signs: one token would have many spellings there. Around
 * a name only space and tab are skipped, so that no other white space can pass for a `__Host-` name.
 */
export function readCookie (header: string | undefined, name: string): string | undefined {
  if (header === undefined || name === '') return undefined
  let at = header.indexOf(name)
  while (at !== -1) {
    const end = at + name.length
    if (header.charCodeAt(end) === equalsSign && beginsPair(header, at)) return valueAt(header, end + 1)
    at = header.indexOf(name, end)
  }
  return undefined
}

const equalsSign = 0x3d
const semicolon = 0x3b

/** Whether only white space stands between here and the pair before. */
function beginsPair (header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && isSpace(header.charCodeAt(before))) before--
  return before < 0 || header.charCodeAt(before) === semicolon
}

function valueAt (header: string, start: number): string {
  let end = header.indexOf(';', start)
  if (end === -1) end = header.length
  while (start < end && isSpace(header.charCodeAt(start))) start++
  while (end > start && isSpace(header.charCodeAt(end - 1))) end--
  return header.slice(start, end)
}

function isSpace (code: number): boolean {
  return code === 0x20 || code === 0x09
}
