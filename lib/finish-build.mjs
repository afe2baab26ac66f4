// What the two tsc runs leave to do for the CommonJS build.
import { readdirSync, rmSync, writeFileSync } from 'node:fs'

writeFileSync('dist/cjs/package.json', '{"type":"commonjs"}\n')

// The types are described once, or a program with modules of both formats would have two SessionData.
for (const name of readdirSync('dist/cjs/types').filter((name) => name.endsWith('.d.ts'))) {
  rmSync(`dist/cjs/types/${name}.map`)
  const source = `../../esm/types/${name.replace('.d.ts', '.js')}`
  writeFileSync(`dist/cjs/types/${name}`, `export type * from '${source}' with { 'resolution-mode': 'import' }\n`)
}
