import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { ExpiryHeap } from '../../lib/stores/expiry-heap.ts'
import type { Ending } from '../../lib/stores/expiry-heap.ts'

test('ExpiryHeap finds the entry that ends first, while entries come, move and go', (t: TestContext) => {
  const heap = new ExpiryHeap<Ending>()
  const entries: Ending[] = []
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 48271) % 2147483647
    return seed % below
  }

  for (let step = 0; step < 5000; step++) {
    const entry = entries[random(entries.length + 1)]
    if (entry === undefined || random(3) === 0) {
      const added = { expires: random(1000), place: 0 }
      entries.push(added)
      heap.add(added)
    } else if (random(2) === 0) {
      entry.expires = random(1000)
      heap.settle(entry)
    } else {
      entries.splice(entries.indexOf(entry), 1)
      heap.remove(entry)
    }
    t.assert.strictEqual(heap.first()?.expires, entries.length === 0 ? undefined : Math.min(...entries.map(({ expires }) => expires)))
  }
})
