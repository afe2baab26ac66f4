/**
 * The programs that some tests run beside: where they are, and what to do without them.
 *
 * @module
 */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'

interface Program {
  /** The variable of the environment that names another file. */
  variable: string
  names: readonly string[]
  cure: string
}

const programs = {
  chromium: {
    variable: 'CHROMIUM',
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    cure: 'Chromium: apt-get install chromium (CHROMIUM=/path/to/chromium names another file)'
  },
  openssl: {
    variable: 'OPENSSL',
    names: ['openssl'],
    cure: 'openssl: apt-get install openssl (OPENSSL=/path/to/openssl names another file)'
  },
  nginx: {
    variable: 'NGINX',
    names: ['nginx'],
    cure: 'nginx: apt-get install nginx-light (NGINX=/path/to/nginx names another file)'
  },
  varnishd: {
    variable: 'VARNISHD',
    names: ['varnishd'],
    cure: 'Varnish: apt-get install varnish (VARNISHD=/path/to/varnishd names another file)'
  }
} as const satisfies Record<string, Program>

export type ProgramName = keyof typeof programs

/** The file of a program. It is on nobody's PATH but root's where it stands in sbin. */
export function findProgram (name: ProgramName): string | undefined {
  const { variable, names } = programs[name]
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  const files = folders.flatMap((folder) => names.map((file) => join(folder, file)))
  return [process.env[variable] ?? '', ...files].find((file) => file !== '' && isExecutable(file))
}

/**
 * Whether all of these programs are here. If not, the test is skipped, or fails where CI is 'true'.
 *
 *     if (!requirePrograms(t, 'nginx')) return
 */
export function requirePrograms (t: Pick<TestContext, 'skip'>, ...names: ProgramName[]): boolean {
  const missing = names.filter((name) => findProgram(name) === undefined)
  if (missing.length === 0) return true
  const cure = `needs ${missing.map((name) => programs[name].cure).join(' and ')}`
  if (process.env.CI === 'true') throw new Error(cure)
  t.skip(cure)
  return false
}

/** The file of a program that {@link requirePrograms} found. */
export function programFile (name: ProgramName): string {
  const file = findProgram(name)
  if (file === undefined) throw new Error(`needs ${programs[name].cure}`)
  return file
}

function isExecutable (file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
