import fp from 'fastify-plugin'

export default fp(async (fastify) => {
  fastify.decorateRequest('account', { getter () { return this.session.get('account') ?? null } })
}, { name: 'accounts', dependencies: ['fastify-secure-cookie-session'], decorators: { request: ['session'] } })
