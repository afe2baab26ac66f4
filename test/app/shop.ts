/**
 * What the demo keeps in its session. The twin reads and writes the same keys.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { Tuple, UUID } from '../../lib/index.ts'
import type { Markup, Session } from '../../lib/index.ts'

/** The data of the session, key by key. */
export interface DemoData {
  user_name: string
  /** The User-Agent of the login, where the user's devices are listed. */
  device: string
  /** A datetime in Python. */
  logged_in_at: Date
  /** Pages shown, by the side that showed them. */
  visits: { fastify: number, flask: number }
  cart: Cart
  /** Where Flask's `flash()` keeps its messages: tuples of category and text. */
  _flashes: Flash[]
}

export interface Cart {
  id: UUID
  items: CartItem[]
  note: string
}

export interface CartItem {
  sku: string
  quantity: number
  /** Cents and currency; a tuple in Python. */
  price: Tuple<number | string>
}

export type Flash = Tuple<string | Markup>
export type DemoSession = Session<DemoData>

export interface Product {
  sku: string
  name: string
  /** In cents. */
  price: number
}

export const products: readonly Product[] = [
  { sku: 'tea', name: 'Darjeeling', price: 890 },
  { sku: 'cup', name: 'Blue cup', price: 1450 },
  { sku: 'cookies', name: 'Ginger cookies', price: 420 }
]

export const greatestQuantity = 99

export function productOf (sku: string): Product | undefined {
  return products.find((product) => product.sku === sku)
}

/** Keeps a message for the next page, as `flash()` does. */
export function flash (session: DemoSession, category: 'success' | 'warning', message: string | Markup): void {
  session.setDefault('_flashes', []).push(new Tuple<string | Markup>(category, message))
}

/** Puts one more of a product into the cart. */
export function addToCart (session: DemoSession, { sku, price }: Product): void {
  const cart = session.setDefault('cart', { id: new UUID(randomUUID()), items: [], note: '' })
  const item = cart.items.find((item) => item.sku === sku)
  if (item === undefined) cart.items.push({ sku, quantity: 1, price: new Tuple<number | string>(price, 'EUR') })
  else item.quantity = Math.min(item.quantity + 1, greatestQuantity)
}

/** Changes how many of an item there are; none is left at 0. */
export function changeQuantity (cart: Cart, sku: string, by: number): void {
  const item = cart.items.find((item) => item.sku === sku)
  if (item === undefined) return
  item.quantity = Math.min(item.quantity + by, greatestQuantity)
  if (item.quantity < 1) cart.items.splice(cart.items.indexOf(item), 1)
}
