import neostandard from 'neostandard'

// The rooms of lib/, from the lowest to the highest. Each imports from those before it, `import type` too.
const rooms = [
  'type-name', 'lookup', 'maybe-promise', 'errors', 'crypto', 'itsdangerous', 'json', 'flask-session', 'config', 'cookie', 'formats', 'session',
  'stores', 'interfaces', 'revocation', 'server-sessions', 'peers', 'request', 'session-app', 'options', 'foreign-options',
  'registration', 'independence', 'helpers', 'plugin', 'testing', 'index', 'cli'
]

const useCrypto = 'only lib/crypto/digest.ts and lib/crypto/secretbox.ts see tweetnacl and node:crypto'
const cryptography = { regex: '^(tweetnacl|(node:)?crypto)$', message: useCrypto }
const pluginHelper = { regex: '^fastify-plugin$', message: 'only the plugin registers anything' }
const barrel = { regex: '/index\\.ts$', message: 'import the file itself: only lib/index.ts re-exports' }
const fastify = { regex: '^(fastify$|@fastify/)', message: 'tokens and tags know nothing of Fastify' }
const siblings = { regex: '^\\.\\./(itsdangerous|json)/', message: 'itsdangerous and json do not know each other' }
const storesAlone = { regex: '^\\.\\./(?!\\.\\./types/|(?:errors|lookup|maybe-promise)\\.ts$)', message: 'stores know nothing of sessions' }
const client = { regex: '^(ioredis|iovalkey|redis|keyv|express-session)$', message: 'the application hands in its client' }

/** Forbids imports from the rooms above one. A file in a folder writes `../`, one beside the folders `./`. */
function above (room, here = '\\.\\./') {
  const higher = rooms.slice(rooms.indexOf(room) + 1).join('|')
  return { regex: `^${here}(${higher})(/|\\.ts$)`, message: `imports point downwards: ${rooms.join(' <- ')}` }
}

// A later block for the same file replaces an earlier one's rule: every file of lib/ gets its patterns from the last block that names it.
const restrict = (files, ...patterns) => ({ files, rules: { 'no-restricted-imports': ['error', { patterns }] } })

export default [
  ...neostandard({ ts: true, ignores: ['dist', 'coverage'] }),
  // Classes are also handed in as values and held in camelCase fields: `new this.sessionClass()`.
  { rules: { 'new-cap': ['error', { newIsCap: true, capIsNew: false, properties: false }] } },
  // Web Crypto needs no import.
  {
    files: ['lib/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'crypto', message: useCrypto }],
      'no-restricted-properties': ['error', { object: 'globalThis', property: 'crypto', message: useCrypto }]
    }
  },
  ...rooms.slice(0, -1).flatMap((room) => [
    restrict([`lib/${room}.ts`], cryptography, pluginHelper, barrel, above(room, '\\./')),
    restrict([`lib/${room}/**`], cryptography, pluginHelper, barrel, above(room))
  ]),
  restrict(['lib/cli.ts', 'lib/cli/**'], cryptography, pluginHelper, barrel),
  restrict(['lib/itsdangerous/**', 'lib/json/**'], cryptography, pluginHelper, barrel, fastify, siblings, above('json')),
  restrict(['lib/crypto/**'], cryptography, pluginHelper, barrel, fastify, above('crypto')),
  restrict(['lib/crypto/digest.ts', 'lib/crypto/secretbox.ts'], pluginHelper, barrel, fastify, above('crypto')),
  restrict(['lib/plugin.ts', 'lib/helpers.ts'], cryptography, barrel),
  restrict(['lib/index.ts'], cryptography, pluginHelper),
  restrict(['lib/stores/**'], cryptography, pluginHelper, storesAlone, client),
  // The entry point re-exports the serializer too.
  restrict(['lib/stores/index.ts'], cryptography, pluginHelper, client),
  restrict(['types/**/*.ts'], { regex: '^\\.\\./', message: 'types are the lowest layer' })
]
