/**
 * TypeScript 6, which neostandard brings: TypeScript 7 has no stable API for syntax trees.
 *
 * @module
 */

import { createRequire } from 'node:module'
import type TypeScript from '../../node_modules/neostandard/node_modules/typescript/lib/typescript.js'

const fromNeostandard = createRequire(createRequire(import.meta.url).resolve('neostandard'))

export const ts = fromNeostandard('typescript') as typeof TypeScript
export type { TypeScript as TS }
