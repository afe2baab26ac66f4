/**
 * Peers are loaded without their types: several of them say what `request.session` is, and only one can be right.
 *
 * @module
 */

/** The default export of a package, or what stands for it. */
export async function untyped<T> (name: string): Promise<T> {
  const module = await import(name) as { default?: T }
  return module.default ?? module as T
}
