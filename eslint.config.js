import neostandard from 'neostandard'

// Layers: types <- itsdangerous | json | config | errors <- sessions <- plugin <- index. Imports point downwards only, `import type` too.
const cryptography = { regex: '^(tweetnacl|(node:)?crypto)$', message: 'all hashing sits in lib/itsdangerous/digest.ts' }
const pluginHelper = { regex: '^fastify-plugin$', message: 'only the plugin registers anything' }
const barrel = { regex: '/index\\.ts$', message: 'import the file itself: only lib/index.ts re-exports' }
const fastify = { regex: '^(fastify$|@fastify/)', message: 'tokens and tags know nothing of Fastify' }
const outside = { regex: '^\\.\\./(?!\\.\\./types/)', message: 'itsdangerous and json know neither each other nor anything above them' }
const above = (names, message) => ({ regex: `^\\.{1,2}/(${names})(/|\\.ts$)`, message })

// A later block for the same file replaces an earlier one's rule: every file of lib/ gets its patterns from the last block that names it.
const restrict = (files, ...patterns) => ({ files, rules: { 'no-restricted-imports': ['error', { patterns }] } })

export default [
  ...neostandard({ ts: true, ignores: ['dist', 'coverage'] }),
  // Classes are also handed in as values and held in camelCase fields: `new this.sessionClass()`.
  { rules: { 'new-cap': ['error', { newIsCap: true, capIsNew: false, properties: false }] } },
  restrict(['lib/**/*.ts'], cryptography, pluginHelper, barrel),
  restrict(['lib/itsdangerous/**', 'lib/json/**'], cryptography, pluginHelper, barrel, fastify, outside),
  restrict(['lib/itsdangerous/digest.ts'], pluginHelper, barrel, fastify, outside),
  restrict(['lib/config.ts', 'lib/errors.ts'], cryptography, pluginHelper, barrel,
    above('itsdangerous|json|sessions|plugin', 'config and errors lie under the sessions, beside itsdangerous and json')),
  restrict(['lib/sessions/**'], cryptography, pluginHelper, barrel, above('plugin', 'sessions do not know the plugin')),
  restrict(['lib/plugin.ts', 'lib/instance-helpers.ts'], cryptography, barrel),
  restrict(['lib/index.ts'], cryptography, pluginHelper),
  restrict(['types/**/*.ts'], { regex: '^\\.\\./', message: 'types are the lowest layer' }),
  restrict(['types/**/*.tst.ts'])
]
