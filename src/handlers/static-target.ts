import type { TargetForm } from "../server/exchange.ts";

// From a request target to path segments that can only lead downwards. RFC 9112 §3.2, RFC 3986
// §3.3.
//
// Whatever leaves this file as a path has no dot segments, separators, NUL or empty segments.
// Symlinks are the business of static-tree.ts.

/** The path of a request target, or why there is none. */
export type TargetPath =
  | {
      readonly type: "path";
      /** Decoded; empty for the root. */
      readonly segments: readonly string[];
      readonly endsWithSlash: boolean;
      /** With its `?`, as received; `""` without one. */
      readonly query: string;
    }
  /** Malformed, or aimed at the file system: 400. */
  | { readonly type: "invalid" }
  /** Well-formed, but names nothing that is ever served: 404. */
  | { readonly type: "hidden" };

const INVALID: TargetPath = { type: "invalid" };
const HIDDEN: TargetPath = { type: "hidden" };

/** RFC 8615: a registered place below the root, made to be served. */
const WELL_KNOWN = ".well-known";

const SCHEME_AND_AUTHORITY = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?]*/;

/**
 * Takes the path from `target`.
 *
 * Dot segments are refused, encoded or not, and not resolved: clients resolve them before they send
 * (RFC 3986 §5.2.4), so one that arrives is an attempt. Empty segments name nothing, which also
 * keeps `//host` out of every Location that is made from a path.
 */
export function parseTargetPath(
  target: string,
  form: TargetForm,
  dotfiles: "serve" | "hide",
): TargetPath {
  if (form === "asterisk") return INVALID;
  const local = form === "absolute" ? target.replace(SCHEME_AND_AUTHORITY, "") : target;
  const queryAt = local.indexOf("?");
  const query = queryAt < 0 ? "" : local.slice(queryAt);
  const rawPath = queryAt < 0 ? local : local.slice(0, queryAt);
  // RFC 9112 §3.2.2: an absolute-form target may have an empty path.
  if (rawPath === "" && form === "absolute") {
    return { type: "path", segments: [], endsWithSlash: true, query };
  }
  if (!rawPath.startsWith("/")) return INVALID;
  const rawSegments = rawPath.slice(1).split("/");
  const endsWithSlash = rawSegments.at(-1) === "";
  if (endsWithSlash) rawSegments.pop();
  const segments: string[] = [];
  let isHidden = false;
  for (const rawSegment of rawSegments) {
    const segment = decodeSegment(rawSegment);
    if (segment === null) return INVALID;
    const isWellKnown = segment === WELL_KNOWN && segments.length === 0;
    if (segment === "") isHidden = true;
    if (segment.startsWith(".") && dotfiles === "hide" && !isWellKnown) isHidden = true;
    if (process.platform === "win32" && isUnsafeOnWindows(segment)) isHidden = true;
    segments.push(segment);
  }
  return isHidden ? HIDDEN : { type: "path", segments, endsWithSlash, query };
}

/** The one spelling of a path under which it is cached and linked to, with a leading slash. */
export function encodePath(segments: readonly string[], endsWithSlash: boolean): string {
  if (segments.length === 0) return "/";
  return `/${segments.map(encodeSegment).join("/")}${endsWithSlash ? "/" : ""}`;
}

/** Percent-encodes what may not stand in a path segment, and leaves what browsers leave. */
export function encodeSegment(segment: string): string {
  return encodeURI(segment).replace(/[?#]/g, encodeURIComponent);
}

/**
 * True for names that Windows reads as something else: streams (`a.txt::$DATA`), wildcards, and
 * names that lose their last dot or space.
 */
export function isUnsafeOnWindows(segment: string): boolean {
  return /[<>:"|?*]|[. ]$/.test(segment);
}

function decodeSegment(rawSegment: string): string | null {
  // Raw bytes above US-ASCII are no part of a target, whatever encoding they are meant to have.
  if (!/^[\x21-\x7e]*$/.test(rawSegment)) return null;
  let segment: string;
  try {
    // Refuses incomplete escapes and invalid UTF-8: overlong forms, surrogates, stray bytes.
    segment = decodeURIComponent(rawSegment);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
  const isTraversal = segment === "." || segment === ".." || /[/\\\0]/.test(segment);
  return isTraversal ? null : segment;
}
