/**
 * What the tests of the recipes share: applications on which a recipe runs.
 *
 * @module
 */

import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest, InjectOptions, LightMyRequestResponse } from 'fastify'
import secureSession, * as ours from '../../lib/index.ts'
import { run, snippet } from './snippets.ts'

export const secretKey = 'a secret key of the documents'
process.env.SECRET_KEY = secretKey

/** An application as JavaScript sees it. */
export type App = FastifyInstance & { config?: any }
export type Ask = FastifyRequest & { session: any }

export function application (t: TestContext): App {
  const fastify = Fastify()
  t.after(() => fastify.close())
  return fastify
}

/** An application on which a recipe runs. */
export async function withRecipe (t: TestContext, heading: string, context: object = {}, at = 0): Promise<App> {
  const fastify = application(t)
  await run(snippet('lib/RECIPES.md', heading, 'js', at), { fastify, ...ours, ...context })
  return fastify
}

/** The same, where the recipe leaves the registration out. */
export async function withSession (t: TestContext, heading: string, context: object = {}): Promise<App> {
  const fastify = application(t)
  await fastify.register(secureSession, { secretKey })
  await run(snippet('lib/RECIPES.md', heading), { fastify, ...ours, ...context })
  return fastify
}

/** The Set-Cookie headers of an answer. */
export function cookiesOf ({ headers }: LightMyRequestResponse): string[] {
  return [headers['set-cookie'] ?? []].flat()
}

export function asking (cookie: string, url = '/'): InjectOptions {
  return { url, headers: { cookie } }
}
