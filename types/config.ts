/**
 * Flask's configuration keys, as this package reads them.
 *
 * @module
 * @see {@link https://flask.palletsprojects.com/en/stable/config/}
 */

/** Bytes, or text for its UTF-8 bytes. */
export type KeyLike = string | Uint8Array

/** Flask's keys in `fastify.config`; all are optional. */
export interface FlaskConfig {
  /** Signs the cookie: 16 random bytes or more. Without it sessions are empty and read-only. @defaultValue none */
  SECRET_KEY?: KeyLike | null | undefined
  /**
   * Old keys that still verify, from the oldest to the newest: a list, or text that lists them as JSON (Flask's form in
   * an environment) or between commas.
   *
   * @defaultValue `[]`
   */
  SECRET_KEY_FALLBACKS?: readonly KeyLike[] | string | null | undefined
  /** A `__Host-` or `__Secure-` name must meet the rules of browsers. @defaultValue `'session'` */
  SESSION_COOKIE_NAME?: string | undefined
  /** The domain whose hosts get the cookie. Port and leading dots are removed. @defaultValue `null`: this host only */
  SESSION_COOKIE_DOMAIN?: string | null | undefined
  /** @defaultValue `null`: `APPLICATION_ROOT` */
  SESSION_COOKIE_PATH?: string | null | undefined
  /** Hides the cookie from scripts. @defaultValue `true` */
  SESSION_COOKIE_HTTPONLY?: boolean | undefined
  /** Sends the cookie over HTTPS only; `'auto'`: when the request came over HTTPS. @defaultValue `false` */
  SESSION_COOKIE_SECURE?: boolean | 'auto' | undefined
  /** Browsers keep the cookie apart for each site that embeds this one; forces Secure. @defaultValue `false` */
  SESSION_COOKIE_PARTITIONED?: boolean | undefined
  /** `'Strict'`, `'Lax'` or `'None'` (needs Secure), in any case. @defaultValue `null`: the attribute is left out */
  SESSION_COOKIE_SAMESITE?: string | null | undefined
  /** Seconds: the greatest age of any session cookie, Expires of permanent ones. @defaultValue `2678400`: 31 days */
  PERMANENT_SESSION_LIFETIME?: number | undefined
  /**
   * Seconds since its begin after which a session ends, permanent or not and however often it is used. Flask ignores
   * it, and carries along the key `_created`, in which the begin is kept. @defaultValue `null`: none
   */
  SESSION_ABSOLUTE_LIFETIME?: number | null | undefined
  /**
   * Seconds: an unchanged permanent session is sent again only when its signature is so old, or half as old as its
   * lifetime. Less than the lifetimes. @defaultValue `0`: with every response, as Flask does
   */
  SESSION_REFRESH_AFTER?: number | undefined
  /** Sends the cookie of a permanent session again, see `SESSION_REFRESH_AFTER`. @defaultValue `true` */
  SESSION_REFRESH_EACH_REQUEST?: boolean | undefined
  /** The cookie's path without `SESSION_COOKIE_PATH`. @defaultValue `'/'` */
  APPLICATION_ROOT?: string | undefined
  /** The greatest size of a Set-Cookie value in bytes; a larger one is an error. 0: no limit. @defaultValue `4093` */
  MAX_COOKIE_SIZE?: number | undefined
}

/**
 * The plugin options for Flask's keys, each also under the key itself. The option overrides the key among the
 * options, which overrides the config.
 */
export interface ConfigOptions extends FlaskConfig {
  /** `SECRET_KEY`: signs the cookie. Without it sessions are empty and read-only. */
  secretKey?: FlaskConfig['SECRET_KEY']
  /** `SECRET_KEY_FALLBACKS`: old keys that still verify. @defaultValue `[]` */
  secretKeyFallbacks?: FlaskConfig['SECRET_KEY_FALLBACKS']
  /** `SESSION_COOKIE_NAME` @defaultValue the `sessionName` */
  cookieName?: FlaskConfig['SESSION_COOKIE_NAME']
  /** `SESSION_COOKIE_*` */
  cookie?: CookieOptions | undefined
  /** `PERMANENT_SESSION_LIFETIME`, in seconds: the greatest age of any session cookie. @defaultValue `2678400` */
  permanentSessionLifetime?: FlaskConfig['PERMANENT_SESSION_LIFETIME']
  /** `SESSION_ABSOLUTE_LIFETIME`, in seconds from the begin of a session. @defaultValue `null`: none */
  absoluteLifetime?: FlaskConfig['SESSION_ABSOLUTE_LIFETIME']
  /** `SESSION_REFRESH_AFTER`, in seconds: the age at which an unchanged session is sent again. @defaultValue `0` */
  refreshAfter?: FlaskConfig['SESSION_REFRESH_AFTER']
  /** `SESSION_REFRESH_EACH_REQUEST`: send a permanent session with every response. @defaultValue `true` */
  refreshEachRequest?: FlaskConfig['SESSION_REFRESH_EACH_REQUEST']
  /** `MAX_COOKIE_SIZE`, in bytes of the whole Set-Cookie value; 0 for no limit. @defaultValue `4093` */
  maxCookieSize?: FlaskConfig['MAX_COOKIE_SIZE']
}

/** `SESSION_COOKIE_*` as plugin options. */
export interface CookieOptions {
  /** `SESSION_COOKIE_DOMAIN`; `null`: this host only. @defaultValue `null` */
  domain?: FlaskConfig['SESSION_COOKIE_DOMAIN']
  /** `SESSION_COOKIE_PATH`; `null`: `APPLICATION_ROOT`. @defaultValue `null` */
  path?: FlaskConfig['SESSION_COOKIE_PATH']
  /** `SESSION_COOKIE_HTTPONLY` @defaultValue `true` */
  httpOnly?: FlaskConfig['SESSION_COOKIE_HTTPONLY']
  /** `SESSION_COOKIE_SECURE`; `'auto'`: if the request came over HTTPS. @defaultValue `false` */
  secure?: FlaskConfig['SESSION_COOKIE_SECURE']
  /** `SESSION_COOKIE_PARTITIONED`; forces Secure. @defaultValue `false` */
  partitioned?: FlaskConfig['SESSION_COOKIE_PARTITIONED']
  /** `SESSION_COOKIE_SAMESITE`; `null` leaves it out. @defaultValue `null` */
  sameSite?: FlaskConfig['SESSION_COOKIE_SAMESITE']
}

/** The SameSite attribute as it is sent. */
export type SameSite = 'Strict' | 'Lax' | 'None'

/** The keys whose checked value has a narrower type. */
interface Narrowed {
  SECRET_KEY_FALLBACKS: readonly KeyLike[]
  SESSION_COOKIE_SAMESITE: SameSite | null
}

/** The checked and complete configuration: `app.config` in a session interface. */
export type SessionConfig = {
  readonly [K in keyof FlaskConfig]-?: K extends keyof Narrowed ? Narrowed[K] : Exclude<FlaskConfig[K], undefined>
}
