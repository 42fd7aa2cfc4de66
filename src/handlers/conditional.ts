import type { RequestFields } from "../server/exchange.ts";
import { parseHttpDate } from "./static-http-date.ts";

// Conditional requests for GET and HEAD: RFC 9110 §13. Knows validators, not files.

/** What identifies one state of a representation. RFC 9110 §8.8. */
export interface Validators {
  /** As sent, with quotes and perhaps `W/`; `null` if there is none. */
  readonly entityTag: string | null;
  /** A whole second, in milliseconds since 1970. */
  readonly lastModifiedMs: number;
}

/** `"not-modified"` is answered with 304, `"failed"` with 412. */
export type PreconditionOutcome = "proceed" | "not-modified" | "failed";

interface EntityTag {
  readonly isWeak: boolean;
  /** With the quotes. */
  readonly opaque: string;
}

// One list member, then its comma or the end. Commas and backslashes are ordinary inside the
// quotes, and a recipient must accept empty members (RFC 9110 §5.6.1.2). Whitespace can match in
// one place only, so that a long run of it costs linear time.
const LIST_MEMBER = /[ \t]*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;

/** True if any field could make the answer differ from a plain 200 with the whole content. */
export function hasConditionOrRange(fields: RequestFields): boolean {
  return (
    fields.has("if-none-match") ||
    fields.has("if-modified-since") ||
    fields.has("range") ||
    fields.has("if-match") ||
    fields.has("if-unmodified-since")
  );
}

/** Evaluates all preconditions but If-Range, in the order of RFC 9110 §13.2.2. */
export function evaluatePreconditions(
  fields: RequestFields,
  validators: Validators,
  nowMs: number,
): PreconditionOutcome {
  const ifMatch = fields.get("if-match");
  if (ifMatch !== undefined) {
    // Strong comparison (§13.1.1): a weak tag never matches.
    if (!isListed(ifMatch, validators.entityTag, "strong")) return "failed";
  } else {
    const unmodifiedSinceMs = dateOf(fields.get("if-unmodified-since"), nowMs);
    if (unmodifiedSinceMs !== null && validators.lastModifiedMs > unmodifiedSinceMs) {
      return "failed";
    }
  }
  const ifNoneMatch = fields.get("if-none-match");
  if (ifNoneMatch !== undefined) {
    return isListed(ifNoneMatch, validators.entityTag, "weak") ? "not-modified" : "proceed";
  }
  const modifiedSinceMs = dateOf(fields.get("if-modified-since"), nowMs);
  const isUnmodified = modifiedSinceMs !== null && validators.lastModifiedMs <= modifiedSinceMs;
  return isUnmodified ? "not-modified" : "proceed";
}

/**
 * True if an If-Range field still names the current representation, so that Range applies.
 *
 * A date counts only when it equals Last-Modified and lies a second back (RFC 9110 §8.8.2.2):
 * within that second the file could change twice under one date.
 */
export function isIfRangeCurrent(ifRange: string, validators: Validators, nowMs: number): boolean {
  if (ifRange.startsWith('"') || ifRange.startsWith("W/")) {
    // One tag, not a list (§13.1.5), by strong comparison.
    const { entityTag } = validators;
    return entityTag !== null && !entityTag.startsWith("W/") && ifRange === entityTag;
  }
  const { lastModifiedMs } = validators;
  const dateMs = dateOf(ifRange, nowMs);
  return dateMs !== null && dateMs === lastModifiedMs && nowMs - lastModifiedMs >= 1000;
}

function dateOf(value: string | undefined, nowMs: number): number | null {
  return value === undefined ? null : parseHttpDate(value, nowMs);
}

/** `list` is a field value: `*`, or entity tags. What cannot be read matches nothing. */
function isListed(list: string, current: string | null, comparison: "strong" | "weak"): boolean {
  // A representation exists whenever this is asked, which is all that `*` wants to know.
  if (list === "*") return true;
  if (current === null) return false;
  const isCurrentWeak = current.startsWith("W/");
  if (comparison === "strong" && isCurrentWeak) return false;
  const opaque = isCurrentWeak ? current.slice(2) : current;
  return parseEntityTags(list).some(
    (tag) => tag.opaque === opaque && (comparison === "weak" || !tag.isWeak),
  );
}

/** The members of `list`; none at all if any of it is malformed. */
function parseEntityTags(list: string): readonly EntityTag[] {
  const tags: EntityTag[] = [];
  LIST_MEMBER.lastIndex = 0;
  while (LIST_MEMBER.lastIndex < list.length) {
    const match = LIST_MEMBER.exec(list);
    if (match === null) return [];
    const [, weakPrefix, opaque] = match;
    if (opaque !== undefined) tags.push({ isWeak: weakPrefix !== undefined, opaque });
  }
  return tags;
}
