import fastifyEnv from '@fastify/env'
import fp from 'fastify-plugin'
import { sessionConfigSchema } from '../../../../lib/index.ts'

const environment = { SECRET_KEY: 'the secret key of the environment', SESSION_COOKIE_SECURE: 'true' }

export default fp(async (fastify) => {
  await fastify.register(fastifyEnv, { schema: sessionConfigSchema, data: environment })
}, { name: 'env' })
