/**
 * The text of a session that other requests wrote in the meantime.
 *
 * @module
 */

import type { BookKeeping } from '../../types/session.ts'
import type { Dict } from '../json/dict.ts'
import { shorten } from '../json/errors.ts'
import { joinBook, splitBook } from '../session/book-keeping.ts'
import { sameBytes } from '../stores/store.ts'
import { mergeByKey } from './merge.ts'
import { dumpSession } from '../interfaces/session-text.ts'
import { jsonIn } from './store-source.ts'
import type { StoreSource, StoredValue } from './store-source.ts'
import type { Write } from './write.ts'

/** The text to write in the place of what is there; `null` if no key is left. */
export function mergedText (source: StoreSource, write: Write, there: StoredValue): string | null {
  if (!source.isMerged && sameBytes(there, source.stored)) return write.text
  const now = splitBook(read(source, write.text ?? '{}'))
  const theirs = splitBook(read(source, there))
  const data = merge(source, write, now.data, theirs.data)
  if (isEmpty(data)) return null
  const before = splitBook(read(source, source.text))
  const book = write.text === null ? theirs.book : mergeBooks(before.book, now.book, theirs.book)
  return dumpSession(source.serializer, joinBook(data, book), jsonIn(there))
}

/** The keys that `regenerate()` kept, with the values that other requests gave them in the meantime. */
export function keptKeys (source: StoreSource, write: Write, wanted: string, there: StoredValue): Dict {
  const now = splitBook(read(source, wanted))
  const merged = merge(source, write, now.data, splitBook(read(source, there)).data)
  return joinBook(Object.fromEntries(Object.entries(merged).filter(([key]) => Object.hasOwn(now.data, key))), now.book)
}

/** The keys that were set anew, and the book. */
export function onlyAssigned (source: StoreSource, write: Write, wanted: string): Dict {
  const { data, book } = splitBook(read(source, wanted))
  const { assigned } = write.deeds
  return joinBook(Object.fromEntries(Object.entries(data).filter(([key]) => assigned.has(key))), book)
}

/** Whether there is nothing but the book. */
export function isEmpty (data: Dict): boolean {
  return Object.keys(splitBook(data).data).length === 0
}

/** The data in a value. What another writer left unreadable counts as empty, and is replaced. */
export function read (source: StoreSource, value: StoredValue): Dict {
  try {
    return source.read(value)
  } catch {
    return {}
  }
}

function merge (source: StoreSource, write: Write, now: Dict, there: Dict): Dict {
  const before = splitBook(read(source, source.text)).data
  const { data, conflicts } = mergeByKey(source.serializer, before, now, there, write.deeds.assigned)
  if (conflicts.length > 0) {
    const message = 'two requests changed the same key of a session at the same time: the later save wins'
    write.debug({ keys: conflicts.slice(0, 10).map(shorten) }, message)
  }
  return data
}

/** A session begins once. Its own lifetime is that of the later save that set one. */
function mergeBooks (before: BookKeeping, now: BookKeeping, there: BookKeeping): BookKeeping {
  const { created = now.created } = there
  const { lifetime } = now.lifetime === before.lifetime ? there : now
  return { ...now, created, lifetime }
}
