/**
 * Serves the demo: `npm start`. PORT, HOST, FLASK_PORT, DIGEST, SESSIONS, REVOCATION, LOG_LEVEL and Flask's keys are read from the
 * environment; for SESSIONS=redis also REDIS_URL, for SESSIONS=sqlite also SQLITE, the name of the file.
 *
 * @module
 */

import type { DigestName } from '../../lib/index.ts'
import { buildDemo } from './app.ts'
import { kindNamed } from './kinds.ts'
import { configFromEnvironment, demoSecretKey } from './settings.ts'
import { stores } from './stores.ts'

const { PORT = '3000', HOST = '127.0.0.1', FLASK_PORT = '5000', DIGEST = 'sha512', SESSIONS = 'cookie', REVOCATION, LOG_LEVEL = 'info' } = process.env

const openStore = Object.hasOwn(stores, SESSIONS) ? stores[SESSIONS] : undefined
const config = configFromEnvironment(process.env)
const fastify = await buildDemo({
  config,
  digestMethod: DIGEST as DigestName,
  ...(openStore === undefined ? { sessions: kindNamed(SESSIONS), revocation: REVOCATION === '1' } : { store: openStore(process.env) }),
  logger: { level: LOG_LEVEL },
  twinPort: Number(FLASK_PORT)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { fastify.close() })

if (config.SECRET_KEY === demoSecretKey && openStore === undefined) fastify.log.warn('SECRET_KEY is not set: the cookies are signed with the published key of the demo')
try {
  await fastify.listen({ port: Number(PORT), host: HOST })
  if (openStore === undefined) fastify.log.info('The twin of this page in Flask: npm run start:flask')
} catch (error) {
  fastify.log.fatal(error)
  process.exitCode = 1
  await fastify.close()
}
