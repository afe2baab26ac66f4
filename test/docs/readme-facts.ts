import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { keys, settings } from '../../lib/config/settings.ts'
import { sessionOptionNames } from '../../lib/options.ts'
import { textOf } from './snippets.ts'

describe("the README's log lines", () => {
  test('are those of the code', (t: TestContext) => {
    const [, table = ''] = /## My session is empty\n([^]*?)\n## /.exec(textOf('README.md')) ?? []
    const lines = Array.from(table.matchAll(/^\| (`.*) \|.*\|$/gm), ([, cell]) => Array.from(String(cell).matchAll(/`([^`]+)`/g), ([, line]) => String(line))).flat()
    const code = ['registration', 'interfaces/cookie-sessions', 'request/late-changes', 'cookie/transport', 'formats/refusal', 'errors']
      .map((path) => textOf(`lib/${path}.ts`).replaceAll(/['`] \+\n\s+['`]/g, '')).join('')

    t.assert.ok(lines.length > 6)
    t.assert.deepStrictEqual(lines.filter((line) => !code.includes(line)), [])
  })

  test('and codes are all that there are', (t: TestContext) => {
    const codes = (text: string): string[] => [...new Set(text.match(/FST_SESSION_[A-Z_]+/g))].sort()

    t.assert.deepStrictEqual(codes(textOf('README.md')), codes(textOf('lib/errors.ts')).filter((code) => code !== 'FST_SESSION_INVALID_STORE'))
  })
})

describe("the README's settings", () => {
  test('are all that there are, under their names and with their defaults', (t: TestContext) => {
    const text = textOf('README.md')
    const rows = Array.from(text.matchAll(/^\| `([A-Z_]+)` \| `([\w.]+)` \|/gm), ([, key, option]) => [key, option])

    t.assert.deepStrictEqual(rows, keys.filter((key) => key !== 'APPLICATION_ROOT').map((key) => [key, settings[key].option]))
    t.assert.deepStrictEqual(sessionOptionNames.filter((name) => !text.includes(`\`${name}\``)), ['cookie', 'APPLICATION_ROOT'].filter((name) => !text.includes(`\`${name}\``)))
  })
})
