// What tsc leaves to do: the code for `require`, and one description of the types for both module formats.
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const entries = Object.values(exports).filter((entry) => typeof entry === 'object')

// `require` gets each entry in one file, with what several entries share beside it.
const { outputFiles } = await build({
  entryPoints: entries.map((entry) => entry.import.default),
  outbase: 'dist/esm',
  outdir: 'dist/cjs',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  bundle: true,
  splitting: true,
  write: false
})
// esbuild can only split ECMAScript modules, so each file is converted afterwards. It exports getters; plain properties
// are faster.
const footer = { js: "module.exports = Object.defineProperty({ ...module.exports }, '__esModule', { value: true });" }
for (const { path, text } of outputFiles) {
  await build({ stdin: { contents: text, sourcefile: path }, outfile: path, format: 'cjs', platform: 'node', target: 'node20', footer })
}
writeFileSync('dist/cjs/package.json', '{"type":"commonjs"}\n')

// The types are described once, or a program with modules of both formats would have two SessionData.
const types = readdirSync('dist/cjs/types').filter((name) => name.endsWith('.d.ts'))
for (const name of types) {
  const source = `../../esm/types/${name.replace('.d.ts', '.js')}`
  writeFileSync(`dist/cjs/types/${name}`, `export type * from '${source}' with { 'resolution-mode': 'import' }\n`)
}

// As with other Fastify plugins, `require` gives the plugin itself, with all exports as its properties.
const index = 'dist/cjs/lib/index'
appendFileSync(`${index}.js`, 'module.exports = Object.assign(module.exports.secureSession, module.exports);\n')

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

/** Adds a declaration file, and those that it imports. */
function reach (file, reached) {
  if (reached.has(file)) return
  reached.add(file)
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)\.[jt]s'/g)) {
    reach(join(dirname(file), `${path}.d.ts`), reached)
  }
}

// The declarations of what no entry shows are of no use to anybody.
const reached = new Set()
for (const entry of entries) for (const format of ['import', 'require']) reach(join(entry[format].types), reached)
for (const name of readdirSync('dist', { recursive: true })) {
  const file = join('dist', name)
  if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file)
}
