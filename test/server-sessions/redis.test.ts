import { after, before } from 'node:test'
import { redisStore } from '../../lib/stores/index.ts'
import type { RedisClient } from '../../lib/stores/index.ts'
import { clients } from '../stores/redis-clients.ts'
import type { Connection } from '../stores/redis-clients.ts'
import { RedisServer, whyNoRedis } from '../stores/redis-server.ts'
import { sessionContract } from './session.contract.ts'

const skip = whyNoRedis()
const server = new RedisServer()
const connections = new Map<string, Connection>()

before(async () => {
  if (skip !== false) return
  await server.start()
  for (const [name, connect] of Object.entries(clients)) connections.set(name, await connect(server))
})

after(async () => {
  for (const { close } of connections.values()) close()
  await server.kill()
})

for (const name of Object.keys(clients)) {
  sessionContract(`redisStore with ${name}`, () => redisStore(connections.get(name)?.client as RedisClient), { skip })
}
