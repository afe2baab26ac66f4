import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { textOf } from './snippets.ts'

const checkout = join(import.meta.dirname, '../..')
const documents = [
  'README.md', 'lib/README.md', 'lib/ASVS.md', 'lib/RECIPES.md', 'lib/REFERENCE.md', 'lib/itsdangerous/README.md', 'lib/peers/README.md',
  'lib/stores/README.md',
  'test/README.md', 'test/bench/README.md'
]

/** The anchors of a document's headings, as GitHub and npm make them. */
function anchorsIn (text: string): string[] {
  return Array.from(text.matchAll(/^#+ (.+)$/gm), ([, title]) => {
    return String(title).toLowerCase().replace(/[^\p{L}\p{N}\- _]/gu, '').replaceAll(' ', '-')
  })
}

test('links of the documents in the package lead to files in it', (t: TestContext) => {
  const shipped = documents.filter((document) => document.startsWith('lib/'))
  const leaving = shipped.flatMap((document) => {
    const paths = Array.from(textOf(document).matchAll(/\]\((?!https?:)([^)#\s]+)/g), ([, path = '']) => join(dirname(document), path))
    return paths.filter((path) => path !== 'README.md' && !/^lib\/.*\.(?:md|py)$/.test(path))
  })

  t.assert.deepStrictEqual(leaving, [])
})

describe('the links of a document lead to a file, and to a heading in it:', () => {
  for (const document of documents) {
    test(document, (t: TestContext) => {
      const links = Array.from(textOf(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)/g), ([, path = '', anchor]) => {
        return { path: path === '' ? document : join(dirname(document), path), anchor }
      })
      const broken = links.filter(({ path, anchor }) => {
        return !existsSync(join(checkout, path)) || (anchor !== undefined && !anchorsIn(textOf(path)).includes(anchor))
      })

      t.assert.deepStrictEqual(broken, [])
    })
  }
})
