/**
 * Caches in front of an application: nginx and Varnish, each with a configuration of its own in a folder that goes with the test.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { programFile } from '../programs.ts'

/** @param directives - what the server says besides: proxy_ignore_headers and the like */
export async function startNginx (t: TestContext, upstreamPort: number, directives = ''): Promise<string> {
  const folder = await newFolder(t)
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`)
  await writeFile(join(folder, 'nginx.conf'), `
    daemon off;
    master_process off;
    pid ${folder}/pid;
    error_log stderr warn;
    events { worker_connections 64; }
    http {
      access_log off;
      ${temporary.join(' ')}
      proxy_cache_path ${folder}/cache keys_zone=pages:1m;
      server {
        listen 127.0.0.1:${port};
        proxy_cache pages;
        ${directives}
        add_header X-Cache $upstream_cache_status always;
        location / { proxy_pass http://127.0.0.1:${upstreamPort}; }
      }
    }`)
  return await start(t, port, programFile('nginx'), ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')])
}

/** @param receive - what vcl_recv does; empty for Varnish's own rules, under which a request with a cookie is not looked up */
export async function startVarnish (t: TestContext, upstreamPort: number, receive = ''): Promise<string> {
  const folder = await newFolder(t)
  const port = await freePort()
  await writeFile(join(folder, 'cache.vcl'), `vcl 4.1;
    backend default { .host = "127.0.0.1"; .port = "${upstreamPort}"; }
    sub vcl_recv { ${receive} }
    sub vcl_deliver { if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; } }`)
  return await start(t, port, programFile('varnishd'), [
    '-F', '-j', 'none', '-n', folder, '-a', `127.0.0.1:${port}`, '-f', join(folder, 'cache.vcl'), '-s', 'malloc,8m',
    '-p', 'thread_pool_min=5', '-p', 'thread_pools=1'
  ])
}

async function newFolder (t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'secure-session-cache-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Runs a server until the test ends. @returns its address, once it takes connections */
async function start (t: TestContext, port: number, file: string, args: string[]): Promise<string> {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  let hasEnded = false
  child.stderr.setEncoding('utf8').on('data', (text: string) => { words = (words + text).slice(-2000) })
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => { words += error.message; hasEnded = true; resolve() })
    child.once('close', () => { hasEnded = true; resolve() })
  })
  t.after(async () => {
    child.kill('SIGTERM')
    await closed
  })
  const deadline = Date.now() + 20_000
  while (!await isOpen(port)) {
    if (hasEnded || Date.now() > deadline) throw new Error(`${file} does not answer: ${words}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return `http://127.0.0.1:${port}`
}

async function isOpen (port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
