/**
 * Text of strangers, made safe for a terminal.
 *
 * @module
 */

// Control characters, and those that are invisible or turn the direction of writing.
// eslint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** The text as a JSON string, in which nothing moves the cursor. */
export function quote (text: string): string {
  return JSON.stringify(text).replace(unsafe, escape)
}

/** JSON text as one line in which nothing moves the cursor. White space between its tokens becomes spaces. */
export function oneLine (json: string): string {
  return json.replace(/[\t\n\r]/g, ' ').replace(unsafe, escape)
}

function escape (character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
