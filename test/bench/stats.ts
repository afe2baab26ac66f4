/**
 * Figures out of samples.
 *
 * @module
 */

/** One stretch of load: microseconds of server CPU per request, and requests per second. */
export interface Sample { peer: string, case: string, size: number, epoch: number, us: number, rps: number }

export interface Figure {
  peer: string
  case: string
  size: number
  samples: number
  min: number
  p10: number
  median: number
  /** From the 10th to the 90th of a hundred samples, in parts of the median. */
  spread: number
  p90: number
  rps: number
  /** p10 to p10. */
  toFloor: number | undefined
  toSecureSession: number | undefined
  /** The median over epochs of the ratio of medians: independent of moments when the machine is slow. */
  pairedToFloor: number | undefined
}

export function quantile (values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const low = sorted[Math.floor(at)] ?? NaN
  const high = sorted[Math.ceil(at)] ?? NaN
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** @param floorOf - the peer that the ratios of a case refer to */
export function figuresOf (samples: readonly Sample[], floorOf: (name: string) => string): Figure[] {
  const groups = grouped(samples, ({ peer, case: at, size }) => `${at}/${size}/${peer}`)
  const p10Of = (at: string, size: number, name: string): number | undefined => {
    const group = groups.get(`${at}/${size}/${name}`) ?? groups.get(`${at}/${size}/${name}-3`)
    return group === undefined ? undefined : quantile(group.map(({ us }) => us), 0.1)
  }
  return [...groups.values()].map((group) => {
    const { peer, case: at, size } = group[0] as Sample
    const us = group.map((sample) => sample.us)
    const p10 = quantile(us, 0.1)
    const p90 = quantile(us, 0.9)
    const ratio = (to: number | undefined): number | undefined => to === undefined ? undefined : p10 / to
    return {
      peer,
      case: at,
      size,
      samples: us.length,
      min: Math.min(...us),
      p10,
      median: median(us),
      spread: (p90 - p10) / median(us),
      p90,
      rps: quantile(group.map((sample) => sample.rps), 0.9),
      toFloor: ratio(p10Of(at, size, floorOf(at))),
      toSecureSession: ratio(p10Of(at, size, 'secure-session')),
      pairedToFloor: paired(group, groups.get(`${at}/${size}/${floorOf(at)}`))
    }
  })
}

function paired (group: readonly Sample[], floor: readonly Sample[] | undefined): number | undefined {
  if (floor === undefined) return undefined
  const byEpoch = (of: readonly Sample[], epoch: number): number => median(of.filter((sample) => sample.epoch === epoch).map(({ us }) => us))
  const epochs = [...new Set(group.map(({ epoch }) => epoch))]
  return median(epochs.map((epoch) => byEpoch(group, epoch) / byEpoch(floor, epoch)))
}

export function grouped<T> (items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

/** A straight line through points by least squares, and how much of the variation it explains. */
export function line (points: readonly (readonly [number, number])[]): { slope: number, start: number, r2: number } {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [mx, my] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const sxy = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0)
  const sxx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0)
  const syy = points.reduce((sum, [, y]) => sum + (y - my) ** 2, 0)
  const slope = sxy / sxx
  return { slope, start: my - slope * mx, r2: syy === 0 ? 1 : sxy ** 2 / (sxx * syy) }
}

export function shuffled<T> (items: readonly T[]): T[] {
  const list = [...items]
  for (let at = list.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    const item = list[at] as T
    list[at] = list[other] as T
    list[other] = item
  }
  return list
}
