import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { wantBytes } from '../../lib/crypto/bytes.ts'
import { strangers } from '../itsdangerous/makers.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('wantBytes', () => {
  test('returns the UTF-8 bytes of text', (t: TestContext) => {
    t.assert.strictEqual(hex(wantBytes('mañana')), '6d61c3b1616e61')
    t.assert.ok(Buffer.isBuffer(wantBytes('mañana')))
  })

  test('does not copy bytes', (t: TestContext) => {
    const buffer = Buffer.from('tomorrow')
    const array = Uint8Array.of(0, 1, 2, 3).subarray(1, 3)

    t.assert.strictEqual(wantBytes(buffer), buffer)
    t.assert.strictEqual(hex(wantBytes(array)), '0102')
    array[0] = 255
    t.assert.strictEqual(hex(wantBytes(array)), 'ff02')
    t.assert.strictEqual(wantBytes(array).buffer, array.buffer)
  })

  test('copies shared memory, which other threads can change', (t: TestContext) => {
    const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(1)
    const bytes = wantBytes(shared)
    shared.fill(2)

    t.assert.strictEqual(hex(bytes), '0101')
    t.assert.notStrictEqual(bytes.buffer, shared.buffer)
  })

  for (const [title, value, type] of strangers) {
    test(`throws for ${title}`, (t: TestContext) => {
      t.assert.throws(() => wantBytes(value as never), { name: 'TypeError', message: `value must be text or bytes, got ${type}` })
    })
  }
})
