/**
 * The figures as bars and lines, in one SVG without scripts or fonts of its own.
 *
 * @module
 */

import { cases } from './cases.ts'
import type { Peer } from './cases.ts'
import type { Results } from './report.ts'
import type { ScaleSeries } from './scale.ts'
import { line } from './stats.ts'
import type { Figure } from './stats.ts'

const width = 1500
const margin = 24
const columns = 3
const gap = 28
const panelWidth = (width - 2 * margin - (columns - 1) * gap) / columns
const labelWidth = 232
const barHeight = 16
const ink = '#1d2433'
const faint = '#667085'
const rule = '#e4e7ec'

/** Ours stand out from the floors and from the other peers. */
const colourOf = (peer: string): string => {
  if (peer.startsWith('base-')) return '#98a2b3'
  if (peer.startsWith('ours-sha512')) return '#0b6e4f'
  if (peer.startsWith('ours-sha1')) return '#2a9d6f'
  if (peer.startsWith('ours')) return '#7cc6a4'
  if (peer.startsWith('secure-session')) return '#c2410c'
  return /^(fastify|cookie|cookie-hooks|cookie-set|parts-.*)$/.test(peer) ? '#475467' : '#d0a15c'
}

interface Panel { height: number, draw: (x: number, y: number) => string }

export function plot ({ machine, figures, scale }: Results, peers: readonly Peer[]): string {
  const rows = [...cases.flatMap(({ name, title }) => {
    const sizes = [...new Set(figures.filter((figure) => figure.case === name).map(({ size }) => size))].sort((a, b) => a - b)
    return sizes.length === 0 ? [] : [sizes.map((size) => bars(title, size, figures.filter((figure) => figure.case === name && figure.size === size), peers))]
  }), ...chunks(scale.filter(({ unit }) => unit === 'us').map(curve), columns)]
  const body: string[] = []
  let y = 84
  for (const row of packed(rows)) {
    row.forEach((panel, column) => { body.push(panel.draw(margin + column * (panelWidth + gap), y)) })
    y += Math.max(...row.map(({ height }) => height)) + 26
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" font-family="system-ui, sans-serif" font-size="12" fill="${ink}">`,
    `<rect width="${width}" height="${y}" fill="#fff"/>`,
    text(margin, 36, 'Server CPU per request, in microseconds', { size: 20, weight: 600 }),
    text(margin, 58, `Bars: 10th percentile; thin line: to the 90th. ${machine.date.slice(0, 10)}, Node ${machine.node}, ${machine.cpu}, ${machine.load}`, { fill: faint }),
    ...body,
    '</svg>'
  ].join('\n') + '\n'
}

/** Rows of one or two panels share a line. */
function packed (rows: readonly Panel[][]): Panel[][] {
  const result: Panel[][] = []
  for (const row of rows) {
    const last = result.at(-1)
    if (last !== undefined && last.length + row.length <= columns) last.push(...row)
    else result.push([...row])
  }
  return result
}

function bars (title: string, size: number, figures: readonly Figure[], peers: readonly Peer[]): Panel {
  const order = new Map(peers.map((peer, index) => [peer.name, { index, label: peer.label }]))
  const sorted = [...figures].sort((a, b) => (order.get(a.peer)?.index ?? 0) - (order.get(b.peer)?.index ?? 0))
  // One peer that is far off must not flatten the rest.
  const main = sorted.filter(({ peer }) => !['flask', 'iron-session'].includes(peer))
  const limit = Math.max(...(main.length === 0 ? sorted : main).map(({ p10 }) => p10)) * 1.12
  const room = panelWidth - labelWidth - 52
  const scale = (value: number): number => Math.min(value, limit) / limit * room
  return {
    height: 30 + sorted.length * (barHeight + 5),
    draw: (x, y) => [
      text(x, y + 12, size === 0 ? title : `${title}, ${size.toLocaleString('en')} B`, { weight: 600, size: 13 }),
      `<line x1="${x + labelWidth}" x2="${x + labelWidth}" y1="${y + 22}" y2="${y + 26 + sorted.length * (barHeight + 5)}" stroke="${rule}"/>`,
      ...sorted.flatMap((figure, index) => {
        const top = y + 26 + index * (barHeight + 5)
        const left = x + labelWidth
        const length = scale(figure.p10)
        const isCut = figure.p10 > limit
        return [
          text(left - 8, top + 12, order.get(figure.peer)?.label ?? figure.peer, { anchor: 'end', fill: figure.peer.startsWith('ours') ? ink : faint }),
          `<rect x="${left}" y="${top}" width="${length.toFixed(1)}" height="${barHeight}" fill="${colourOf(figure.peer)}"${isCut ? ' fill-opacity="0.55"' : ''}/>`,
          isCut ? '' : `<line x1="${(left + length).toFixed(1)}" x2="${(left + scale(figure.p90)).toFixed(1)}" y1="${top + barHeight / 2}" y2="${top + barHeight / 2}" stroke="${ink}" stroke-width="1"/>`,
          text(left + Math.max(length, isCut ? 0 : scale(figure.p90)) + 5, top + 12, `${figure.p10.toFixed(1)}${isCut ? ' »' : ''}`, {})
        ]
      })
    ].join('\n')
  }
}

function curve ({ title, axis, points }: ScaleSeries): Panel {
  const height = 170
  const [left, bottom, room] = [40, 34, panelWidth - 60]
  const maxX = Math.max(...points.map(({ x }) => x))
  const maxY = Math.max(...points.map(({ y }) => y)) * 1.1
  const { slope, start, r2 } = line(points.map(({ x, y }) => [x, y]))
  return {
    height: height + 40,
    draw: (x, y) => {
      const px = (value: number): string => (x + left + value / maxX * room).toFixed(1)
      const py = (value: number): string => (y + 26 + (height - bottom) * (1 - value / maxY)).toFixed(1)
      return [
        text(x, y + 12, title, { weight: 600, size: 13 }),
        `<line x1="${px(0)}" x2="${px(maxX)}" y1="${py(0)}" y2="${py(0)}" stroke="${faint}"/>`,
        `<line x1="${px(0)}" x2="${px(maxX)}" y1="${py(start)}" y2="${py(start + slope * maxX)}" stroke="${faint}" stroke-dasharray="4 3"/>`,
        `<polyline points="${points.map((point) => `${px(point.x)},${py(point.y)}`).join(' ')}" fill="none" stroke="#0b6e4f" stroke-width="2"/>`,
        ...points.map((point) => `<circle cx="${px(point.x)}" cy="${py(point.y)}" r="3" fill="#0b6e4f"/>`),
        text(x + left - 6, Number(py(maxY / 1.1)) + 4, (maxY / 1.1).toFixed(0), { anchor: 'end', fill: faint }),
        text(x + left - 6, Number(py(0)) + 4, '0', { anchor: 'end', fill: faint }),
        text(Number(px(maxX)), y + 26 + height - bottom + 16, maxX.toLocaleString('en'), { anchor: 'end', fill: faint }),
        text(x + left, y + 26 + height - bottom + 16, `${axis}; r2 ${r2.toFixed(3)}`, { fill: faint })
      ].join('\n')
    }
  }
}

function chunks<T> (items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size))
}

interface TextStyle { size?: number, weight?: number, fill?: string, anchor?: 'end' }

function text (x: number, y: number, content: string, { size, weight, fill, anchor }: TextStyle): string {
  const attributes = [
    size === undefined ? '' : ` font-size="${size}"`, weight === undefined ? '' : ` font-weight="${weight}"`,
    fill === undefined ? '' : ` fill="${fill}"`, anchor === undefined ? '' : ` text-anchor="${anchor}"`
  ].join('')
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${attributes}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`
}
