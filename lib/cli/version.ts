/**
 * The version of this package.
 *
 * @module
 */

import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The version in the package.json that the program belongs to; `'unknown'` where there is none.
 *
 * Looked for upwards, because the program runs from `dist/esm/lib`, `dist/cjs/lib` and `lib`, and through links that npm
 * makes. `dist/cjs/package.json` has no version and is passed over.
 */
export function packageVersion (program: string): string {
  let file = realpathSync(program)
  while (dirname(file) !== file) {
    file = dirname(file)
    const version = versionIn(join(file, 'package.json'))
    if (version !== undefined) return version
  }
  return 'unknown'
}

function versionIn (file: string): string | undefined {
  if (!existsSync(file)) return undefined
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: string }
  return version
}
