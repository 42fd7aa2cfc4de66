import type { Endpoint, Exchange } from "../server/exchange.ts";

// The absolute URL of a request, as `Request.url` wants it: serialized by the WHATWG URL rules.
// RFC 9110 §7.1, RFC 9112 §3.3.
//
// Knows nothing of proxies: who trusts `X-Forwarded-Proto` rewrites the URL in a handler of its
// own.

/**
 * Targets that the URL parser would return unchanged, unless they hold a dot segment. A percent
 * sign in the path is left to the parser, because `%2e` counts as a dot there.
 */
const PLAIN_TARGET = /^\/[!$&-;=@A-Z[\]_a-z~|]*(?:\?[!$%&(-;=?@A-Z[\]^_`a-z{|}~]*)?$/;
const DOT_SEGMENT = /\/\.{1,2}(?:[/?]|$)/;

/** What the URL parser would accept in an authority and take for the start of something else. */
const AUTHORITY_BREAKERS = /[\s/\\?#@]/;

/**
 * Serialized origins, by authority. Names of hosts repeat, and parsing one costs more than the
 * rest.
 */
const ORIGIN_LIMIT = 64;
const PLAIN_ORIGINS = new Map<string, string>();
const TLS_ORIGINS = new Map<string, string>();

/**
 * The URL of a request. Without a usable authority, that of the local endpoint takes its place.
 *
 * `OPTIONS *` has the URL of its origin with an empty path (RFC 9112 §3.3).
 */
export function requestUrl(exchange: Exchange): string {
  const { target, targetForm } = exchange;
  if (targetForm === "absolute") return absoluteUrl(target) ?? `${originOf(exchange)}/`;
  if (targetForm === "asterisk") return `${originOf(exchange)}/`;
  const url = originOf(exchange) + target;
  return PLAIN_TARGET.test(target) && !DOT_SEGMENT.test(target) ? url : new URL(url).href;
}

function absoluteUrl(target: string): string | null {
  if (!URL.canParse(target)) return null;
  const url = new URL(target);
  // Fetch refuses a Request whose URL has credentials, and RFC 9110 §4.2.4 calls them an error.
  url.username = "";
  url.password = "";
  return url.href;
}

function originOf(exchange: Exchange): string {
  const { authority, connection } = exchange;
  const isTls = connection.tls !== null;
  const origins = isTls ? TLS_ORIGINS : PLAIN_ORIGINS;
  const known = origins.get(authority);
  if (known !== undefined) return known;
  const scheme = isTls ? "https" : "http";
  const origin = serializeOrigin(scheme, authority);
  if (origin === null) return localOrigin(scheme, connection.local);
  if (origins.size >= ORIGIN_LIMIT) origins.clear();
  origins.set(authority, origin);
  return origin;
}

function localOrigin(scheme: string, local: Endpoint): string {
  // A zone id such as `%eth0` means nothing to anyone but this host, and URLs have no place for it.
  const address = local.address.split("%", 1)[0] ?? "";
  const host = address.includes(":") ? `[${address}]` : address;
  return serializeOrigin(scheme, `${host}:${local.port}`) ?? `${scheme}://localhost`;
}

function serializeOrigin(scheme: string, authority: string): string | null {
  const text = `${scheme}://${authority}`;
  if (AUTHORITY_BREAKERS.test(authority) || !URL.canParse(text)) return null;
  return new URL(text).origin;
}
