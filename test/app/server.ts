/**
 * Serves the demo: `npm start`. PORT, HOST, FLASK_PORT, DIGEST, SESSIONS, REVOCATION, LOG_LEVEL and Flask's keys are read from the
 * environment; for SESSIONS=redis also REDIS_URL, for SESSIONS=sqlite also SQLITE, the name of the file.
 *
 * @module
 */

import type { DigestName } from '../../lib/index.ts'
import { buildDemo, twinCommand } from './app.ts'
import type { DemoOptions } from './app.ts'
import { kindNamed } from './kinds.ts'
import { configFromEnvironment, demoSecretKey } from './settings.ts'
import { stores } from './stores.ts'

const { PORT = '3000', HOST = '127.0.0.1', FLASK_PORT = '5000', DIGEST = 'sha512', SESSIONS = 'cookie', REVOCATION, LOG_LEVEL = 'info' } = process.env

const openStore = Object.hasOwn(stores, SESSIONS) ? stores[SESSIONS] : undefined
const config = configFromEnvironment(process.env)
const options: DemoOptions = {
  config,
  digestMethod: DIGEST as DigestName,
  ...(openStore === undefined ? { sessions: kindNamed(SESSIONS), revocation: REVOCATION === '1' } : { store: openStore(process.env) }),
  logger: { level: LOG_LEVEL },
  port: Number(PORT),
  twinPort: Number(FLASK_PORT)
}
const fastify = await buildDemo(options)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { fastify.close() })

if (config.SECRET_KEY === demoSecretKey && openStore === undefined) fastify.log.warn('SECRET_KEY is not set: the cookies are signed with the published key of the demo')
try {
  await fastify.listen({ port: Number(PORT), host: HOST })
  if (openStore === undefined) fastify.log.info(`The twin of this page in Flask: ${twinCommand(options)}`)
} catch (error) {
  fastify.log.fatal(error)
  process.exitCode = 1
  await fastify.close()
}
