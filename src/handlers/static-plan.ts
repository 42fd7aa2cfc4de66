import { randomUUID } from "node:crypto";
import { utf8Bytes } from "../base/latin1.ts";
import type { Exchange, FieldLines } from "../server/exchange.ts";
import { evaluatePreconditions, isIfRangeCurrent } from "./conditional.ts";
import { type ByteRange, contentRangeOf, selectRanges } from "./ranges.ts";
import { type ErrorStatus, errorPage } from "./static-pages.ts";
import { notModifiedFieldsOf, okFieldsOf, type Variant } from "./static-variant.ts";

// What to answer with one representation, before any of it is sent. RFC 9110 §13.2.2, §14, §15.3.7.

/** A piece of the content of a response: bytes, or those of the file from `first` up to `end`. */
export type Piece =
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  | { readonly type: "range"; readonly first: number; readonly end: number };

export interface ResponsePlan {
  readonly status: number;
  readonly fields: FieldLines;
  readonly contentBytes: number;
  readonly pieces: readonly Piece[];
}

/** The answer to a GET or HEAD that has selected `variant`. */
export function planResponse(
  exchange: Pick<Exchange, "method" | "fields">,
  variant: Variant,
  wallNowMs: number,
): ResponsePlan {
  const { fields, method } = exchange;
  const { sizeBytes, validators } = variant;
  const outcome = evaluatePreconditions(fields, validators, wallNowMs);
  if (outcome === "failed") return planError(412, []);
  if (outcome === "not-modified") {
    return { status: 304, fields: notModifiedFieldsOf(variant), contentBytes: 0, pieces: [] };
  }
  // RFC 9110 §14.2: Range is defined for GET alone.
  const range = method === "GET" ? fields.get("range") : undefined;
  const ifRange = fields.get("if-range");
  const isWanted =
    range !== undefined &&
    (ifRange === undefined || isIfRangeCurrent(ifRange, validators, wallNowMs));
  const selection = isWanted ? selectRanges(range, sizeBytes) : null;
  if (selection?.type === "unsatisfiable") {
    return planError(416, [["Content-Range", `bytes */${sizeBytes}`]]);
  }
  if (selection?.type !== "ranges") return planWhole(200, okFieldsOf(variant), sizeBytes);
  const [first, ...rest] = selection.ranges;
  return rest.length === 0 ? planRange(variant, first) : planMultipart(variant, selection.ranges);
}

/** All of the content, under any status. */
export function planWhole(status: number, fields: FieldLines, sizeBytes: number): ResponsePlan {
  const piece: Piece = { type: "range", first: 0, end: sizeBytes };
  return { status, fields, contentBytes: sizeBytes, pieces: [piece] };
}

/** A built-in page in place of the content. */
export function planError(status: ErrorStatus, fields: FieldLines): ResponsePlan {
  const page = errorPage(status);
  const piece: Piece = { type: "bytes", bytes: page.content };
  const contentBytes = page.content.byteLength;
  return { status, fields: [...page.fields, ...fields], contentBytes, pieces: [piece] };
}

function planRange(variant: Variant, range: ByteRange): ResponsePlan {
  const contentRange = contentRangeOf(range, variant.sizeBytes);
  return {
    status: 206,
    fields: [...okFieldsOf(variant), ["Content-Range", contentRange]],
    contentBytes: range.last - range.first + 1,
    pieces: [pieceOf(range)],
  };
}

function planMultipart(variant: Variant, ranges: readonly ByteRange[]): ResponsePlan {
  // 122 random bits: no content can be made to hold the delimiter.
  const boundary = randomUUID();
  const pieces: Piece[] = [];
  let contentBytes = 0;
  let delimiter = `--${boundary}\r\n`;
  for (const range of ranges) {
    const head = utf8Bytes(
      `${delimiter}Content-Type: ${variant.mediaType}\r\n` +
        `Content-Range: ${contentRangeOf(range, variant.sizeBytes)}\r\n\r\n`,
    );
    pieces.push({ type: "bytes", bytes: head }, pieceOf(range));
    contentBytes += head.byteLength + range.last - range.first + 1;
    delimiter = `\r\n--${boundary}\r\n`;
  }
  const tail = utf8Bytes(`\r\n--${boundary}--\r\n`);
  pieces.push({ type: "bytes", bytes: tail });
  contentBytes += tail.byteLength;
  const multipartType = `multipart/byteranges; boundary=${boundary}`;
  const fields = okFieldsOf(variant).map(([name, value]): readonly [string, string] =>
    name === "Content-Type" ? [name, multipartType] : [name, value],
  );
  return { status: 206, fields, contentBytes, pieces };
}

function pieceOf(range: ByteRange): Piece {
  return { type: "range", first: range.first, end: range.last + 1 };
}
