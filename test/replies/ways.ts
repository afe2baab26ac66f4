/**
 * All ways to reply.
 *
 * @module
 */

import type { Way } from './way.ts'
import { waysOfErrors } from './ways-of-errors.ts'
import { waysOfHandlers } from './ways-of-handlers.ts'
import { waysOfHooks } from './ways-of-hooks.ts'
import { waysPastFastify } from './ways-past-fastify.ts'

export const ways: readonly Way[] = [...waysOfHandlers, ...waysOfErrors, ...waysOfHooks, ...waysPastFastify]
