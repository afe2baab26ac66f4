/**
 * The package as it is published: built, packed, unpacked, and used by applications.
 *
 * @module
 */

import { readFileSync, statSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import * as programs from './programs.ts'
import { Workspace } from './workspace.ts'

const app = new Workspace()
const answer = ['session', '{"user_id":42}']
const ours = 'fastify-secure-cookie-session'
const theirs = '@fastify/secure-session'

let listing: string[]

before(async () => {
  await app.install()
  listing = (await app.run('tar', ['-tzf', app.tarball])).stdout.trim().split('\n').map((path) => path.replace('package/', ''))
})

after(() => app.remove())

describe('the tarball', () => {
  test('has the build and the documents, and nothing else', (t: TestContext) => {
    const size = statSync(app.tarball).size
    t.diagnostic(`${listing.length} files, ${(size / 1000).toFixed(0)} kB packed`)

    t.assert.deepStrictEqual([...new Set(listing.map((path) => path.split('/')[0]))].sort(), ['LICENSE', 'README.md', 'dist', 'lib', 'package.json'])
    t.assert.deepStrictEqual(listing.filter((path) => path.startsWith('lib/') && !path.endsWith('.md') && !/^lib\/flask\/\w+\.py$/.test(path)), [])
    t.assert.deepStrictEqual(listing.filter((path) => /\.te?st\.|\.tst\.|tsbuildinfo|\/test\//.test(path)), [])
    t.assert.ok(size < 327_000)
    t.assert.ok(listing.length < 300)
  })

  test('has every file that package.json promises', (t: TestContext) => {
    const { exports, main, types, typesVersions, bin } = JSON.parse(readFileSync(join(app.package, 'package.json'), 'utf8')) as Record<string, unknown>
    const promised = JSON.stringify([exports, main, types, typesVersions, bin]).match(/\.\/(?:dist|package)[^"]+/g) ?? []

    t.assert.ok(promised.length > 15)
    t.assert.deepStrictEqual(promised.map((path) => normalize(path)).filter((path) => !listing.includes(path)), [])
  })

  test('has no maps of sources that are not in it', (t: TestContext) => {
    const named = listing.filter((path) => /\.(js|d\.ts)$/.test(path) && /\/\/# sourceMappingURL=/.test(readFileSync(join(app.package, path), 'utf8')))

    t.assert.deepStrictEqual(listing.filter((path) => path.endsWith('.map')), [])
    t.assert.deepStrictEqual(named, [])
  })

  test('says in an editor what each option means', (t: TestContext) => {
    const declarations = ['types/config', 'types/session', 'lib/options', 'lib/config/signing-options']
    const members = declarations.flatMap((path) => {
      const text = readFileSync(join(app.package, `dist/esm/${path}.d.ts`), 'utf8')
      const options = text.match(/^export interface (?:FlaskConfig|\w*Options)\b[^]*?^}/gm) ?? []
      return options.flatMap((block) => Array.from(block.matchAll(/(\*\/)?\n {4}(\w+)\?:/g), ([, comment, member]) => [member, comment !== undefined] as const))
    })

    t.assert.ok(members.length > 30)
    t.assert.deepStrictEqual(members.filter(([, isCommented]) => !isCommented).map(([member]) => member), [])
  })
})

describe('an application in JavaScript', () => {
  test('imports the plugin in any form', async (t: TestContext) => {
    t.assert.deepStrictEqual(await app.runScript('forms.mjs', programs.esmForms), {
      default: answer, named: answer, namespace: answer, 'default.default': answer, dynamic: answer
    })
  })

  test('requires the plugin in any form, and registers it as it is', async (t: TestContext) => {
    t.assert.deepStrictEqual(await app.runScript('forms.cjs', programs.cjsForms), {
      required: answer, default: answer, named: answer, 'default.default': answer, dynamic: answer
    })
  })

  // A class that is derived from String would slow all work with text in the process.
  test('has what is built in as quick as before', async (t: TestContext) => {
    const untouched = { looked: true, slow: [] }

    t.assert.deepStrictEqual(await app.runScript('slowed.mjs', programs.slowedByImport), untouched)
    t.assert.deepStrictEqual(await app.runScript('slowed.cjs', programs.slowedByRequire), untouched)
  })

  test('has autoload load it, with an autoConfig', async (t: TestContext) => {
    app.write('autoload/plugins/session.cjs', programs.autoloadedPlugin)

    t.assert.deepStrictEqual(await app.runScript('autoload/app.cjs', programs.autoloadingApp), [200, 'visitor'])
  })

  test('finds the same names in both builds of every entry, and nothing behind the entries', async (t: TestContext) => {
    const { version, inside, ...entries } = await app.runScript('subpaths.mjs', programs.subpaths) as Record<string, unknown>

    t.assert.match(String(version), /^\d+\.\d+\.\d+/)
    t.assert.strictEqual(inside, 'ERR_PACKAGE_PATH_NOT_EXPORTED')
    t.assert.deepStrictEqual(Object.keys(entries), [ours, `${ours}/itsdangerous`, `${ours}/peers`, `${ours}/stores`, `${ours}/testing`])
    for (const [esm, cjs] of Object.values(entries) as Array<[string[], string[]]>) {
      t.assert.ok(esm.length > 1)
      // fastify-plugin puts the plugin under its name on the function that require gives.
      t.assert.deepStrictEqual(cjs.filter((name) => name !== '__esModule' && name !== 'fastifySecureCookieSession'), esm)
    }
  })

  test('tells errors of the other build by their code', async (t: TestContext) => {
    t.assert.deepStrictEqual(await app.runScript('errors.mjs', programs.errorsOfBothBuilds), {
      token: ['ERR_TOKEN_BAD_SIGNATURE', true, false],
      write: ['FST_SESSION_UNAVAILABLE', true, true],
      other: false
    })
  })
})

describe('an application in TypeScript', { concurrency: 2 }, () => {
  const visited = [{ id: 42, sure: 42, level: 1 }, { user_id: 42 }, { made: false }]

  // Both check the libraries' declarations, too.
  test('describes its data in an ECMAScript module', async (t: TestContext) => {
    app.write('described.mts', programs.esmTypeScript)

    t.assert.deepStrictEqual(await app.compile(['described.mts'], { outDir: 'out' }), [])
    t.assert.deepStrictEqual(await app.runFile('out/described.mjs'), visited)
  })

  test('describes its data in a CommonJS module', async (t: TestContext) => {
    app.write('described.cts', programs.cjsTypeScript)

    t.assert.deepStrictEqual(await app.compile(['described.cts'], { outDir: 'out' }), [])
    t.assert.deepStrictEqual(await app.runFile('out/described.cjs'), visited)
  })

  test('registers what a CommonJS module requires', async (t: TestContext) => {
    app.write('registered.cts', programs.cjsRegistered)

    t.assert.deepStrictEqual(await app.compile(['registered.cts']), [])
  })

  test('may keep a declaration for @fastify/session, and has the methods of @fastify/cookie without importing it', async (t: TestContext) => {
    app.write('left-behind.mts', programs.leftBehind)

    t.assert.deepStrictEqual(await app.compile(['left-behind.mts']), [])
  })

  // A CommonJS library with types of ours in its own, in an ECMAScript application.
  test('describes its data once for modules of both formats', async (t: TestContext) => {
    app.write('described.cts', programs.cjsTypeScript)
    app.write('undescribed.mts', programs.undescribed)

    t.assert.deepStrictEqual(await app.compile(['undescribed.mts', 'described.cts']), [])
  })

  // One file of each feature may describe what that feature keeps.
  test('describes its data in several places', async (t: TestContext) => {
    app.write('user.d.mts', programs.describing('user_id: number'))
    app.write('visits.d.mts', programs.describing('visits: number'))
    app.write('both.mts', programs.describedInTwoPlaces)

    t.assert.deepStrictEqual(await app.compile(['user.d.mts', 'visits.d.mts', 'both.mts'], { skipLibCheck: true }), [])
  })

  test('compiles with TypeScript 6, too', async (t: TestContext) => {
    app.write('described.mts', programs.esmTypeScript)

    t.assert.deepStrictEqual(await app.compile(['described.mts'], { compiler: 6, skipLibCheck: true }), [])
  })
})

describe('an application with flash, passport and csrf-protection', { concurrency: 2 }, () => {
  // The types of @fastify/csrf name a type of browsers, whose library takes long to check.
  const browser = 'browser.d.ts'
  before(() => { app.write(browser, 'interface CryptoKey {}\n') })

  test('compiles', async (t: TestContext) => {
    app.write('others.mts', programs.besideOthers([]))

    t.assert.deepStrictEqual(await app.compile(['others.mts'], { skipLibCheck: true }), [])
  })

  // @fastify/flash imports types of a package that it does not depend on.
  test('that checks libraries hears of @fastify/flash only, until it declares what flash imports', async (t: TestContext) => {
    app.write('checked.mts', programs.besideOthers([]))
    app.write('shim.d.ts', programs.shim)

    t.assert.deepStrictEqual(await app.compile(['checked.mts', browser]), ['@fastify/flash/lib/flash.d.ts TS2307'])
    t.assert.deepStrictEqual(await app.compile(['checked.mts', browser, 'shim.d.ts']), [])
  })

  // Both declare request.session. TypeScript 6 takes the first declaration, TypeScript 7 ours, as accessors go before properties there.
  test('and @fastify/secure-session has our session when it imports ours first', async (t: TestContext) => {
    app.write('beside/ours-first.mts', programs.besideOthers([ours, theirs]))
    app.write('beside/theirs-first.mts', programs.besideOthers([theirs, ours]))

    t.assert.deepStrictEqual(await app.compile(['beside/ours-first.mts'], { skipLibCheck: true }), [])
    t.assert.deepStrictEqual(await app.compile(['beside/theirs-first.mts'], { skipLibCheck: true }), [])
    t.assert.deepStrictEqual(await app.compile(['beside/ours-first.mts', browser]), ['@fastify/secure-session/types/index.d.ts TS2717'])
  })

  // With ours in place of theirs there is one declaration, in any order, whether flash finds theirs or not.
  test('has our session wherever `paths` puts our types in the place of @fastify/secure-session', async (t: TestContext) => {
    const paths = { [theirs]: [`./node_modules/${ours}/dist/esm/lib/index.d.ts`] }
    app.write('mapped.mts', programs.besideOthers([]))
    app.write('beside/mapped.mts', programs.besideOthers([theirs, ours]))
    app.write('mapped.d.mts', programs.describing('user_id: number, visits: number'))

    t.assert.deepStrictEqual(await app.compile(['mapped.mts', 'mapped.d.mts', browser], { paths }), [])
    t.assert.deepStrictEqual(await app.compile(['beside/mapped.mts', 'mapped.d.mts', browser], { paths }), [])
    t.assert.deepStrictEqual(await app.compile(['beside/mapped.mts', 'mapped.d.mts'], { paths, compiler: 6, skipLibCheck: true }), [])
  })

  test('may hand our sessions to code written for those of @fastify/secure-session', async (t: TestContext) => {
    app.write('beside/written.mts', programs.writtenForSecureSession)

    t.assert.deepStrictEqual(await app.compile(['beside/written.mts'], { skipLibCheck: true }), [])
  })
})

describe('the program', () => {
  const bin = join('node_modules', ours, 'dist/esm/lib/cli.js')

  test('is run by npx', async (t: TestContext) => {
    const { code, stdout } = await app.run('npx', [ours, '--help'])

    t.assert.strictEqual(code, 0)
    t.assert.match(stdout, /^Usage: npx fastify-secure-cookie-session COMMAND/m)
  })

  test('makes another key each time', async (t: TestContext) => {
    const first = await app.run(process.execPath, [bin, 'keygen'])
    const second = await app.run(process.execPath, [bin, 'keygen'])

    t.assert.match(first.stdout, /^\S{32,}\n$/)
    t.assert.match(second.stdout, /^\S{32,}\n$/)
    t.assert.notStrictEqual(first.stdout, second.stdout)
  })

  test('shows what is in a cookie that Flask made', async (t: TestContext) => {
    const { code, stdout } = await app.run(process.execPath, [bin, 'inspect', '--json', programs.flaskCookie])

    t.assert.strictEqual(code, 0)
    t.assert.match(stdout, /"user":"alice"/)
    t.assert.match(stdout, /2023-11-14T22:13:20/)
  })

  test('says by its exit code that a cookie is none', async (t: TestContext) => {
    const { code, stdout } = await app.run(process.execPath, [bin, 'inspect', 'no cookie'])

    t.assert.strictEqual(code, 1)
    t.assert.match(stdout, /ERR_TOKEN_BAD_SIGNATURE/)
  })
})
