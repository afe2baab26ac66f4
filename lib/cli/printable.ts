/**
 * Text of strangers, made safe for a terminal.
 *
 * @module
 */

// Control characters, and those that are invisible, break lines or turn the direction of writing.
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** The text, in which nothing moves the cursor and everything can be seen. */
export function printable (text: string): string {
  return text.replace(unsafe, escape)
}

/** The text as a JSON string, {@link printable}. */
export function quote (text: string): string {
  return printable(JSON.stringify(text))
}

/** JSON text as one {@link printable} line. White space between its tokens becomes spaces. */
export function oneLine (json: string): string {
  return printable(json.replace(/[\t\n\r]/g, ' '))
}

/** As JSON does it: a character of two UTF-16 units has two escapes. */
function escape (character: string): string {
  return character.split('').map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
}
