/**
 * A certificate for servers of the tests that speak TLS.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programFile } from './programs.ts'

let made: { key: Buffer, cert: Buffer } | undefined

/** A throw-away certificate that nobody trusts, made once for each process. Needs openssl: see `requirePrograms`. */
export function certificate (): { key: Buffer, cert: Buffer } {
  if (made !== undefined) return made
  const folder = mkdtempSync(join(tmpdir(), 'secure-session-certificate-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  execFileSync(programFile('openssl'), [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=shop.example',
    '-keyout', key, '-out', cert
  ], { stdio: ['ignore', 'ignore', 'pipe'] })
  made = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(folder, { recursive: true })
  return made
}
