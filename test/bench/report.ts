/**
 * What a run found, as Markdown that reads well as text, and as JSON.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { root } from './build.ts'
import { cases, floorOf, sizes } from './cases.ts'
import type { Peer } from './cases.ts'
import { hasWrk, isPinned, loadCPU, serverCPU } from './processes.ts'
import type { ScaleSeries } from './scale.ts'
import { line } from './stats.ts'
import type { Figure } from './stats.ts'

export interface Machine {
  cpu: string
  cpus: number
  system: string
  node: string
  load: string
  isPinned: boolean
  loadAverage: number[]
  date: string
  versions: Record<string, string>
}

export interface Results {
  machine: Machine
  plan: { epochs: number, segments: number, ms: number, warmRequests: number }
  figures: Figure[]
  scale: ScaleSeries[]
}

const packages = ['fastify', '@fastify/cookie', '@fastify/secure-session', '@fastify/session', 'iron-session', 'cookie-session', 'tweetnacl', 'lru-cache']

export function describeMachine (): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? '',
    cpus: cpus().length,
    system: `${process.platform} ${release()}`,
    node: process.version,
    load: hasWrk ? 'wrk, 16 connections' : 'autocannon, 16 connections',
    isPinned,
    loadAverage: loadavg().map((value) => Math.round(value * 100) / 100),
    date: new Date().toISOString(),
    versions: Object.fromEntries(packages.map((name) => {
      const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }
      return [name, version]
    }))
  }
}

export function markdown (results: Results, peers: readonly Peer[]): string {
  const { machine, plan, figures } = results
  const parts = [
    '# Benchmark',
    `${machine.date}, ${machine.cpus} x ${machine.cpu}, ${machine.system}, Node ${machine.node}, ${machine.load}` +
    `${machine.isPinned ? `, server and load on ${loadCPU === serverCPU ? 'one CPU' : 'a CPU each'}` : ''}, load average ${machine.loadAverage.join(' ')}.`,
    figures.length === 0 ? '' : howMeasured(plan),
    Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`).join(', ') + '.',
    ...goalTable(results.figures),
    ...cases.flatMap(({ name, title }) => caseTable(results.figures.filter((figure) => figure.case === name), title, peers)),
    ...scaleTables(results.scale)
  ]
  return parts.filter((part) => part !== '').join('\n\n') + '\n'
}

function howMeasured ({ epochs, segments, ms, warmRequests }: Results['plan']): string {
  return `${epochs} epochs of fresh processes under batch scheduling, ${segments} stretches of ${ms} ms per peer and case in each, after ${warmRequests} requests, of which the process had ${warmRequests * 5} before and eight full garbage collections between; none while it waits for its turn. ` +
    'us: microseconds of server CPU (user and system) per request. Ratios are p10 to p10; paired: the median over epochs of the ratios of medians. ' +
    'spread: from p10 to p90, in parts of the median.'
}

function caseTable (figures: readonly Figure[], title: string, peers: readonly Peer[]): string[] {
  if (figures.length === 0) return []
  const order = new Map(peers.map(({ name }, index) => [name, index]))
  const labels = new Map(peers.map(({ name, label }) => [name, label]))
  const rows = [...figures].sort((a, b) => a.size - b.size || (order.get(a.peer) ?? 0) - (order.get(b.peer) ?? 0)).map((figure) => [
    figure.size === 0 ? '-' : String(figure.size), labels.get(figure.peer) ?? figure.peer,
    us(figure.p10), us(figure.min), us(figure.median), `${Math.round(figure.spread * 100)} %`, Math.round(figure.rps).toLocaleString('en'),
    ratio(figure.toFloor), ratio(figure.pairedToFloor), ratio(figure.toSecureSession)
  ])
  const floor = figures.some(({ case: at }) => floorOf(cases.find(({ name }) => name === at) ?? cases[0] as typeof cases[number]) === 'cookie-set')
    ? '/ fixed cookie'
    : '/ cookie'
  return [`## ${title}`, table(['JSON', 'peer', 'us p10', 'min', 'median', 'spread', 'req/s p90', floor, 'paired', '/ secure-session'], rows, 2)]
}

interface Goal { title: string, case: string, peers: string[], floor: number[], secure: number[] }

const modes = ['ours-sha512', 'ours-sha1', 'ours-node-sha512']
const goals: readonly Goal[] = [
  { title: 'untouched', case: 'untouched', peers: modes, floor: [1.04, 1.04, 1.04], secure: [0.75, 0.56, 0.42] },
  { title: 'read, seen before', case: 'read', peers: modes, floor: [1.08, 1.08, 1.08], secure: [0.76, 0.58, 0.42] },
  { title: 'read, never seen', case: 'read-new', peers: modes.slice(1), floor: [1.35, 1.6, 1.9], secure: [0.94, 0.82, 0.71] },
  { title: 'write after a remembered read', case: 'write', peers: ['ours-sha1'], floor: [1.62, 2.15, 3.05], secure: [0.79, 0.63, 0.54] }
]

/** What was aimed at, and where we are. */
function goalTable (figures: readonly Figure[]): string[] {
  const rows = goals.flatMap((goal) => goal.peers.flatMap((peer) => sizes.flatMap((size, index) => {
    const figure = figures.find((one) => one.peer === peer && one.case === goal.case && one.size === size)
    if (figure === undefined) return []
    const cell = (value: number | undefined, limit: number | undefined): string[] => (
      [ratio(value), limit === undefined ? '' : `<= ${limit}`, value === undefined || limit === undefined ? '' : value <= limit ? 'met' : 'missed']
    )
    return [[goal.title, peer, String(size), ...cell(figure.toFloor, goal.floor[index]), ...cell(figure.toSecureSession, goal.secure[index])]]
  })))
  if (rows.length === 0) return []
  return ['## Goals', table(['case', 'mode', 'JSON', '/ cookie', 'goal', '', '/ secure-session', 'goal', ''], rows, 2)]
}

function scaleTables (scale: readonly ScaleSeries[]): string[] {
  return scale.flatMap((series) => {
    const rows = series.points.map(({ x, y, spread }) => [x.toLocaleString('en'), y.toFixed(series.unit === 'us' ? 2 : 0), spread === undefined ? '' : `${Math.round(spread * 100)} %`])
    const { slope, start, r2 } = line(series.points.map(({ x, y }) => [x, y]))
    const unit = series.unit === 'us' ? 'us of CPU per request' : series.unit
    return [
      `## ${series.title}`,
      `Straight line: ${start.toFixed(2)} + ${slope.toPrecision(3)} each, r2 ${r2.toFixed(3)}.`,
      table([series.axis, unit, 'spread'], rows)
    ]
  })
}

const us = (value: number): string => value.toFixed(value < 100 ? 2 : 0)
const ratio = (value: number | undefined): string => value === undefined || Number.isNaN(value) ? '' : value.toFixed(2)

/** @param text - how many columns from the left hold text; figures are flush right */
export function table (head: readonly string[], rows: readonly (readonly string[])[], text = 0): string {
  const isText = (at: number): boolean => at < text && !(rows[0]?.[at] ?? '').match(/^[\d-]/)
  const widths = head.map((title, at) => Math.max(3, title.length, ...rows.map((row) => (row[at] ?? '').length)))
  const lineOf = (cells: readonly string[]): string => `| ${widths.map((width, at) => isText(at) ? (cells[at] ?? '').padEnd(width) : (cells[at] ?? '').padStart(width)).join(' | ')} |`
  const rule = `|${widths.map((width, at) => isText(at) ? '-'.repeat(width + 2) : '-'.repeat(width + 1) + ':').join('|')}|`
  return [lineOf(head), rule, ...rows.map(lineOf)].join('\n')
}
