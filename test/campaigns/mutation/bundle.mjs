/**
 * Makes a program of each test file, with the instrumented library in it: it starts in a tenth of the time.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { testFiles } from './folders.mjs'

/** Tests read files beside them: in a bundle, too, each has to know where it came from. */
const places = {
  name: 'places',
  setup ({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: 'ts'
    }))
  }
}

await build({
  entryPoints: testFiles,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outdir: '.',
  outbase: '.',
  outExtension: { '.js': '.mjs' },
  plugins: [places],
  logLevel: 'warning'
})
