// Which requests a single-page application answers itself: RFC 9110 §12.5.1 and a rule of names.

const HTML_RANGES = ["text/html", "text/*", "*/*"] as const;

const ZERO_WEIGHT = /;[ \t]*q=0(?:\.0{0,3})?[ \t]*(?:;|$)/i;

/**
 * True if the last segment has no dot: `/users/7` may be a view, `/app.js` is a file that is
 * missing.
 */
export function isViewPath(segments: readonly string[]): boolean {
  return !(segments.at(-1) ?? "").includes(".");
}

/** True unless an Accept field rules HTML out, as that of a script that wants JSON does. */
export function acceptsHtml(accept: string | undefined): boolean {
  if (accept === undefined) return true;
  const wanted = new Map<string, boolean>();
  for (const member of accept.split(",")) {
    const range = (member.split(";", 1)[0] ?? "").trim().toLowerCase();
    wanted.set(range, !ZERO_WEIGHT.test(member));
  }
  // The most specific range decides (§12.5.1).
  const decisive = HTML_RANGES.find((range) => wanted.has(range));
  return decisive !== undefined && wanted.get(decisive) === true;
}
