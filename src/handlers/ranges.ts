// Byte ranges: RFC 9110 §14. Pure arithmetic on sizes; knows no files and no fields but Range.

/** Both ends are offsets of bytes that are sent, as in `bytes=0-99`. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** `"whole"`: the field is to be ignored. `"unsatisfiable"`: 416. */
export type RangeSelection =
  | { readonly type: "whole" }
  | { readonly type: "unsatisfiable" }
  | { readonly type: "ranges"; readonly ranges: readonly [ByteRange, ...ByteRange[]] };

/**
 * More ranges than this are not served one by one: the whole content is sent (RFC 9110 §14.2 lets a
 * server ignore such requests). Precedents: Apache httpd `MaxRanges` 200; nginx `max_ranges`
 * unlimited.
 */
export const RANGE_COUNT_LIMIT = 64;

/** A part of multipart/byteranges costs about 80 bytes besides its content (RFC 9110 §15.3.7.2). */
const PART_OVERHEAD_BYTES = 80;

const WHOLE: RangeSelection = { type: "whole" };
const UNSATISFIABLE: RangeSelection = { type: "unsatisfiable" };

const RANGES_SPECIFIER = /^bytes=(.*)$/i;
const RANGE_SPEC = /^(\d*)-(\d*)$/;

/**
 * What a Range field asks of content of `sizeBytes`.
 *
 * Ranges that overlap, or whose gap is smaller than a part's overhead, become one; the others keep
 * the order of the request (RFC 9110 §15.3.7.2). Other units and malformed values are ignored
 * (§14.2).
 */
export function selectRanges(value: string, sizeBytes: number): RangeSelection {
  const list = RANGES_SPECIFIER.exec(value)?.[1];
  if (list === undefined) return WHOLE;
  const satisfiable: ByteRange[] = [];
  let specCount = 0;
  for (const member of list.split(",")) {
    const spec = member.trim();
    if (spec === "") continue;
    specCount += 1;
    const range = parseRangeSpec(spec, sizeBytes);
    if (range === "invalid" || specCount > RANGE_COUNT_LIMIT) return WHOLE;
    if (range !== "unsatisfiable") satisfiable.push(range);
  }
  if (specCount === 0) return WHOLE;
  // A suffix of empty content is satisfiable, but Content-Range cannot name a range of no bytes.
  if (satisfiable.some((range) => range.last < range.first)) return WHOLE;
  const [head, ...tail] = coalesce(satisfiable);
  return head === undefined ? UNSATISFIABLE : { type: "ranges", ranges: [head, ...tail] };
}

/** The value of Content-Range for a range that is sent. */
export function contentRangeOf(range: ByteRange, sizeBytes: number): string {
  return `bytes ${range.first}-${range.last}/${sizeBytes}`;
}

function parseRangeSpec(spec: string, sizeBytes: number): ByteRange | "invalid" | "unsatisfiable" {
  const [, first, last] = RANGE_SPEC.exec(spec) ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return "invalid";
  if (first === "") {
    const suffixBytes = Number(last);
    if (suffixBytes === 0) return "unsatisfiable";
    return { first: Math.max(0, sizeBytes - suffixBytes), last: sizeBytes - 1 };
  }
  const firstByte = Number(first);
  const lastByte = last === "" ? Number.POSITIVE_INFINITY : Number(last);
  if (lastByte < firstByte) return "invalid";
  if (firstByte >= sizeBytes) return "unsatisfiable";
  return { first: firstByte, last: Math.min(lastByte, sizeBytes - 1) };
}

function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const byOffset = ranges
    .map((range, position) => ({ ...range, position }))
    .sort((left, right) => left.first - right.first);
  const merged: { first: number; last: number; position: number }[] = [];
  for (const range of byOffset) {
    const previous = merged.at(-1);
    if (previous !== undefined && range.first - previous.last - 1 < PART_OVERHEAD_BYTES) {
      previous.last = Math.max(previous.last, range.last);
      previous.position = Math.min(previous.position, range.position);
    } else {
      merged.push(range);
    }
  }
  return merged
    .sort((left, right) => left.position - right.position)
    .map(({ first, last }) => ({ first, last }));
}
