import { bundleOf, folder, testFiles } from './folders.mjs'

// Which tests a change concerns is known by file, as each file runs in a process of its own.

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: [`lib/${folder}/*.ts`],
  testRunner: 'tap',
  plugins: ['@stryker-mutator/tap-runner'],
  tap: { testFiles: testFiles.map(bundleOf), nodeArgs: ['--test-reporter=./test/campaigns/mutation/tap-reporter.mjs', '-r', '{{hookFile}}', '{{testFile}}'], forceBail: true },
  buildCommand: 'node test/campaigns/mutation/bundle.mjs',
  coverageAnalysis: 'perTest',
  // TypeScript 7 has no interface for Stryker to ask; esbuild does not look at types.
  tsconfigFile: 'none',
  disableTypeChecks: false,
  concurrency: 2,
  timeoutMS: 10_000,
  ignorePatterns: ['coverage', 'dist', 'test/bench', 'test/browser'],
  reporters: ['progress-append-only', 'clear-text', 'json'],
  jsonReporter: { fileName: process.env.REPORT ?? `coverage/mutation/${folder}.json` },
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
  tempDirName: `coverage/stryker-${process.pid}`,
  allowConsoleColors: false
}
