/**
 * HMAC and the comparison against the vectors of C2SP/wycheproof:
 *
 *     npx tsx test/crypto/wycheproof.ts DIR
 *
 * where DIR is a checkout of https://github.com/C2SP/wycheproof. Ends with 1 when a vector turns out otherwise.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constantTimeEqual, HMAC, nodeDigest } from '../../lib/crypto/digest.ts'
import type { DigestMethod } from '../../lib/crypto/digest.ts'

interface MacTests {
  testGroups: Array<{
    /** Bits. */
    keySize: number
    /** Bits; shorter than the digest where the tag is cut off. */
    tagSize: number
    tests: Array<{ tcId: number, key: string, msg: string, tag: string, result: 'valid' | 'invalid' | 'acceptable' }>
  }>
}

const [directory] = process.argv.slice(2)
if (directory === undefined) {
  console.error('usage: tsx test/crypto/wycheproof.ts DIR\n\nDIR is a checkout of https://github.com/C2SP/wycheproof')
  process.exit(2)
}

let failures = 0
for (const name of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
  const { testGroups } = JSON.parse(readFileSync(join(directory, 'testvectors_v1', `hmac_${name}_test.json`), 'utf8')) as MacTests
  run(`'${name}'`, name, testGroups)
  run(`nodeDigest('${name}')`, nodeDigest(name), testGroups)
}
process.exit(failures === 0 ? 0 : 1)

function run (title: string, method: DigestMethod, groups: MacTests['testGroups']): void {
  const counts = { valid: 0, invalid: 0, truncated: 0, wrong: 0 }
  for (const { tagSize, tests } of groups) {
    for (const { tcId, key, msg, tag, result } of tests) {
      const kept = new HMAC(method, Buffer.from(key, 'hex'))
      const mac = kept.sign(Buffer.from(msg, 'hex'))
      const length = tagSize / 8
      const isAccepted = constantTimeEqual(mac.subarray(0, length), Buffer.from(tag, 'hex'))
      if (length < mac.length) counts.truncated++
      if (result === 'valid') counts.valid++
      else counts.invalid++
      // Whole tags also as text, which `'sha512'` verifies by another implementation than it signs.
      const isWhole = length === mac.length
      const isVerified = kept.verifyText(Buffer.from(msg, 'hex'), Buffer.from(tag, 'hex').toString('base64url'))
      if (isAccepted !== (result === 'valid') || isVerified !== (isWhole && isAccepted)) {
        counts.wrong++
        console.error(`${title}: vector ${tcId} is ${result}, but was ${isAccepted ? 'accepted' : 'refused'}`)
      }
      // A signer never takes a shortened tag.
      if (length < mac.length && constantTimeEqual(mac, Buffer.from(tag, 'hex'))) {
        counts.wrong++
        console.error(`${title}: vector ${tcId} was accepted though it is cut off`)
      }
    }
  }
  failures += counts.wrong
  const { valid, invalid, truncated, wrong } = counts
  console.log(`${title.padEnd(20)} ${valid + invalid} vectors: ${valid} valid, ${invalid} invalid, ${truncated} of all cut off; ${wrong} wrong`)
}
