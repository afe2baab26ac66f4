export default async function (fastify) {
  fastify.get('/login', async (request) => { request.session.set('account', 'ada'); return {} })
  fastify.get('/me', async (request) => ({ account: request.account }))
}
