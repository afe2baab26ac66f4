/**
 * Flask's configuration keys, as this package reads them.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/config/}
 */

/** Text, which stands for its UTF-8 bytes, or bytes. */
export type KeyLike = string | Uint8Array

/** What `fastify.config` may hold; every key may be left out. */
export interface FlaskConfig {
  /** Signs the session cookie. Without it sessions are read-only and empty. 16 random bytes or more. @defaultValue none */
  SECRET_KEY?: KeyLike | null | undefined
  /** Old keys, from the oldest to the newest, that still verify. @defaultValue `[]` */
  SECRET_KEY_FALLBACKS?: readonly KeyLike[] | null | undefined
  /** `__Host-` and `__Secure-` names demand what browsers demand of them. @defaultValue `'session'` */
  SESSION_COOKIE_NAME?: string | undefined
  /** Who gets the cookie besides this very host. A port and a leading dot are removed. @defaultValue `null`: this host only */
  SESSION_COOKIE_DOMAIN?: string | null | undefined
  /** @defaultValue `null`: `APPLICATION_ROOT` */
  SESSION_COOKIE_PATH?: string | null | undefined
  /** Keeps the cookie from scripts. @defaultValue `true` */
  SESSION_COOKIE_HTTPONLY?: boolean | undefined
  /** Sends the cookie over HTTPS only; `'auto'`: when the request came over HTTPS. @defaultValue `false` */
  SESSION_COOKIE_SECURE?: boolean | 'auto' | undefined
  /** A cookie jar of its own for each site that embeds this one; forces Secure. @defaultValue `false` */
  SESSION_COOKIE_PARTITIONED?: boolean | undefined
  /** In any case of letters; `'None'` needs Secure. @defaultValue `null`: the attribute is left out */
  SESSION_COOKIE_SAMESITE?: string | null | undefined
  /** Seconds; the greatest age of any session cookie, and the Expires of permanent ones. @defaultValue `2678400`: 31 days */
  PERMANENT_SESSION_LIFETIME?: number | undefined
  /** Sends the cookie of a permanent session anew with every response. @defaultValue `true` */
  SESSION_REFRESH_EACH_REQUEST?: boolean | undefined
  /** The cookie's path where `SESSION_COOKIE_PATH` says nothing. @defaultValue `'/'` */
  APPLICATION_ROOT?: string | undefined
  /** Bytes of the whole Set-Cookie value; a longer one is an error, 0 turns the check off. @defaultValue `4093` */
  MAX_COOKIE_SIZE?: number | undefined
}

/** The SameSite attribute as it is sent. */
export type SameSite = 'Strict' | 'Lax' | 'None'

/** The configuration once it is checked and complete: what `app.config` is in a session interface. */
export interface SessionConfig {
  readonly SECRET_KEY: KeyLike | null
  readonly SECRET_KEY_FALLBACKS: readonly KeyLike[]
  readonly SESSION_COOKIE_NAME: string
  readonly SESSION_COOKIE_DOMAIN: string | null
  readonly SESSION_COOKIE_PATH: string | null
  readonly SESSION_COOKIE_HTTPONLY: boolean
  readonly SESSION_COOKIE_SECURE: boolean | 'auto'
  readonly SESSION_COOKIE_PARTITIONED: boolean
  readonly SESSION_COOKIE_SAMESITE: SameSite | null
  readonly PERMANENT_SESSION_LIFETIME: number
  readonly SESSION_REFRESH_EACH_REQUEST: boolean
  readonly APPLICATION_ROOT: string
  readonly MAX_COOKIE_SIZE: number
}
