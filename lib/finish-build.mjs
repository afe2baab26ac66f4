// What the two tsc runs leave to do for the CommonJS build.
import { appendFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

writeFileSync('dist/cjs/package.json', '{"type":"commonjs"}\n')

// The types are described once, or a program with modules of both formats would have two SessionData.
const types = readdirSync('dist/cjs/types').filter((name) => name.endsWith('.d.ts'))
for (const name of types) {
  const source = `../../esm/types/${name.replace('.d.ts', '.js')}`
  writeFileSync(`dist/cjs/types/${name}`, `export type * from '${source}' with { 'resolution-mode': 'import' }\n`)
}

// As with other Fastify plugins, `require` gives the plugin itself, with all exports as its properties.
const index = 'dist/cjs/lib/index'
appendFileSync(`${index}.js`, 'module.exports = Object.assign(exports.secureSession, exports);\n')

// TypeScript has no `export *` beside `export =`, so each export is named.
const declarations = readFileSync(`${index}.d.ts`, 'utf8')
renameSync(`${index}.d.ts`, 'dist/cjs/lib/exports.d.ts')
const names = (text, pattern) => Array.from(text.matchAll(pattern), ([, list]) => list.split(',')).flat().map((name) => name.trim())
const isPlugin = (name) => /\bsecureSession\b/.test(name)
const values = names(declarations, /^export \{([^}]*)\}/gm).filter((name) => !isPlugin(name)).join(', ')
const onlyTypes = [
  ...names(declarations, /^export type \{([^}]*)\}/gm),
  ...types.flatMap((name) => names(readFileSync(`dist/esm/types/${name}`, 'utf8'), /^export (?:interface|type) (\w+)/gm))
].join(', ')
writeFileSync(`${index}.d.ts`, `import { secureSession as plugin, ${values} } from './exports.js'
import type { ${onlyTypes} } from './exports.js'
/** Flask's sessions for Fastify: \`request.session\`, kept in a signed cookie that Flask can read. */
declare function secureSession (...parameters: Parameters<typeof plugin>): ReturnType<typeof plugin>
declare namespace secureSession {
  export { plugin as default, plugin as secureSession, ${values} }
  export type { ${onlyTypes} }
}
export = secureSession
`)
