/**
 * Dates and ages for people.
 *
 * @module
 */

const units: ReadonlyArray<readonly [name: string, seconds: number]> = [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]]

/** Whole seconds since the date; negative in the future. */
export function ageOf (date: Date): number {
  return Math.floor(Date.now() / 1000) - date.getTime() / 1000
}

/** `2023-11-14 22:13:20 UTC` */
export function formatDate (date: Date): string {
  return date.toISOString().replace('T', ' ').replace('.000Z', ' UTC')
}

/** `2 days 3 hours ago` */
export function formatAge (age: number): string {
  if (age === 0) return 'now'
  return age < 0 ? `${formatDuration(-age)} in the future` : `${formatDuration(age)} ago`
}

/** The two largest units of a duration in seconds: `2 days 3 hours`. */
function formatDuration (seconds: number): string {
  let rest = seconds
  const words: string[] = []
  for (const [name, length] of units) {
    const count = Math.floor(rest / length)
    rest %= length
    if (count > 0) words.push(`${count} ${name}${count === 1 ? '' : 's'}`)
  }
  return words.slice(0, 2).join(' ')
}
