/**
 * Chromium, its cookie jar, and the names it finds our sites under.
 *
 * @module
 */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { TestContext } from 'node:test'
import { chromium } from 'playwright-core'
import type { BrowserContext, Page } from 'playwright-core'
import { programFile, requirePrograms } from '../programs.ts'

const options = {
  headless: true,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--ignore-certificate-errors',
    // Each name below .example is a site of its own, and all of them are here.
    '--host-resolver-rules=MAP *.example 127.0.0.1'
  ]
}

/** Starts Chromium on the profile in a folder. */
async function start (folder: string): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(folder, { ...options, executablePath: programFile('chromium') })
  context.setDefaultTimeout(10_000)
  return context
}

/** A profile that lets the frames of other sites have cookies; otherwise SameSite could not be told from the browser's own refusal. */
async function newFolder (): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'secure-session-profile-'))
  await mkdir(join(folder, 'Default'))
  await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify({ profile: { cookie_controls_mode: 0 } }))
  return folder
}

const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 })

let running: { folder: string, context: Promise<BrowserContext> } | undefined

after(async () => {
  if (running === undefined) return
  await (await running.context).close()
  await remove(running.folder)
})

/**
 * A browser with an empty cookie jar; `undefined` where there is no Chromium, and the test is skipped. All tests of a file have the
 * same one, one after the other: playwright's own contexts are private windows, in which other cookie rules hold.
 */
export async function openBrowser (t: TestContext): Promise<BrowserContext | undefined> {
  if (!requirePrograms(t, 'chromium', 'openssl')) return undefined
  if (running === undefined) {
    const folder = await newFolder()
    running = { folder, context: start(folder) }
  }
  const context = await running.context
  t.after(async () => {
    // Without a tab the browser would end.
    const pages = context.pages()
    await context.newPage()
    for (const page of pages) await page.close()
    await context.clearCookies()
  })
  return context
}

/** Starts Chromium on a profile of its own, as often as the result is called. */
export async function profile (t: TestContext): Promise<(() => Promise<BrowserContext>) | undefined> {
  if (!requirePrograms(t, 'chromium', 'openssl')) return undefined
  const folder = await newFolder()
  const contexts: BrowserContext[] = []
  t.after(async () => {
    for (const context of contexts) await context.close()
    await remove(folder)
  })
  return async () => {
    const context = await start(folder)
    contexts.push(context)
    return context
  }
}

/** The first tab. */
export function tabOf (context: BrowserContext): Page {
  return context.pages()[0] as Page
}

/** A cookie in the jar, but for its value. What is not there is not in the object. */
export interface Kept {
  name: string
  /** With a dot in front when it goes to subdomains too. */
  domain: string
  path: string
  /** The attributes that it has. */
  flags: string
  sameSite?: string
  /** The site that the cookie belongs under. */
  partition?: string
}

/** All that the jar holds, by name. */
export async function jar (context: BrowserContext): Promise<Kept[]> {
  const cookies = await allCookies(context)
  return cookies.map(({ name, domain, path, httpOnly, secure, session, sameSite, partitionKey }) => ({
    name,
    domain,
    path,
    flags: [httpOnly && 'HttpOnly', secure && 'Secure', !session && 'Expires'].filter((flag) => flag !== false).join(' '),
    ...sameSite !== undefined && { sameSite },
    ...partitionKey !== undefined && { partition: partitionKey.topLevelSite }
  })).sort((a, b) => a.name < b.name ? -1 : 1)
}

/** Seconds that a cookie has left. */
export async function secondsLeft (context: BrowserContext, name = 'session'): Promise<number> {
  const cookie = (await allCookies(context)).find((cookie) => cookie.name === name)
  if (cookie === undefined) throw new Error(`there is no cookie named ${name}`)
  return cookie.expires - Date.now() / 1000
}

/** The value of a cookie; `undefined` without one. */
export async function valueOf (context: BrowserContext, name = 'session'): Promise<string | undefined> {
  return (await allCookies(context)).find((cookie) => cookie.name === name)?.value
}

/** As Chromium tells its developer tools; playwright's own `cookies()` calls a missing SameSite Lax. */
async function allCookies (context: BrowserContext) {
  const session = await context.newCDPSession(tabOf(context))
  const { cookies } = await session.send('Network.getAllCookies')
  await session.detach()
  return cookies
}
