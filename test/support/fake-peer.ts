import assert from "node:assert/strict";
import { DEFAULT_READER_LIMITS, type ReaderLimits } from "../../src/http1/limits.ts";
import { type ReaderEvent, RequestReader } from "../../src/http1/request-reader.ts";

// A peer without a socket: sends bytes to a RequestReader, cut in every way, and keeps what is
// read.
//
// How bytes were cut must never change the events, so every reading is done whole, cut in two at
// each position, and one byte at a time, and the logs are compared. Body events are joined first.

type Lines = readonly (readonly [name: string, value: string])[];

/** An event, reduced to values that can be compared. */
export type SeenEvent =
  | {
      readonly type: "request-head";
      readonly method: string;
      readonly target: string;
      readonly targetForm: string;
      readonly version: string;
      readonly authority: string;
      /** `"none"`, `"chunked"`, or the length in bytes. */
      readonly framing: string | number;
      readonly isPersistent: boolean;
      readonly expectsContinue: boolean;
      readonly hasUpgrade: boolean;
      readonly fields: Lines;
    }
  /** Bytes as latin1 text. */
  | { readonly type: "body"; readonly text: string }
  | { readonly type: "message-end"; readonly trailers: Lines | null }
  | { readonly type: "peer-ended" }
  | {
      readonly type: "peer-protocol-error";
      readonly code: string;
      readonly status: number;
      readonly acceptedBytes: number;
    };

export interface ReadingOptions {
  readonly limits?: Partial<ReaderLimits>;
  /** The peer sends FIN behind the bytes. */
  readonly fin?: boolean;
  /** The first byte to cut before. Later ones only, where the start is the same in many texts. */
  readonly cutFrom?: number;
  /** The reader to use; a new one by default. */
  readonly reader?: RequestReader;
}

export function newReader(limits: Partial<ReaderLimits> = {}): RequestReader {
  return new RequestReader({ ...DEFAULT_READER_LIMITS, ...limits });
}

export function latin1(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Reads until there is no event, and adds what was read to `log`. */
export function readAll(reader: RequestReader, log: SeenEvent[] = []): SeenEvent[] {
  for (let event = reader.read(); event !== null; event = reader.read()) {
    const seen = seenEvent(event);
    const last = log.at(-1);
    if (seen.type === "body" && last?.type === "body") {
      log[log.length - 1] = { type: "body", text: last.text + seen.text };
    } else log.push(seen);
  }
  return log;
}

/** The events of `pieces`, received one after the other and read after each. */
export function readPieces(
  pieces: readonly Uint8Array[],
  options: ReadingOptions = {},
): SeenEvent[] {
  const reader = options.reader ?? newReader(options.limits);
  const log: SeenEvent[] = [];
  for (const piece of pieces) {
    // A copy, so that a reader which keeps a view of its input cannot see the neighbors.
    reader.receive(Uint8Array.from(piece));
    readAll(reader, log);
  }
  if (options.fin === true) {
    reader.receiveEnd();
    readAll(reader, log);
  }
  return log;
}

/**
 * The events of `text`, which must be the same however it is cut.
 *
 * @throws {AssertionError} Two ways of cutting gave different events.
 */
export function readThreeWays(text: string, options: ReadingOptions = {}): readonly SeenEvent[] {
  const bytes = latin1(text);
  const whole = readPieces([bytes], options);
  for (let at = options.cutFrom ?? 1; at < bytes.byteLength; at++) {
    const cut = readPieces([bytes.subarray(0, at), bytes.subarray(at)], options);
    assertSame(cut, whole, `cut at byte ${at}`);
  }
  const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assertSame(readPieces(single, options), whole, "one byte at a time");
  return whole;
}

/** As `deepEqual`, which is slow, so it is asked only for the sake of its message. */
export function assertSame(actual: unknown, expected: unknown, message: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    assert.deepEqual(actual, expected, message);
  }
}

/** The code of the error that `text` ends in, or `null`. */
export function errorOf(text: string, options: ReadingOptions = {}): string | null {
  const last = readThreeWays(text, options).at(-1);
  return last?.type === "peer-protocol-error" ? `${last.status} ${last.code}` : null;
}

/** The first event of `text`, which must be a head. */
export function headOf(
  text: string,
  options: ReadingOptions = {},
): Extract<SeenEvent, { type: "request-head" }> {
  const [first] = readThreeWays(text, options);
  assert.equal(first?.type, "request-head", JSON.stringify(first));
  return first as Extract<SeenEvent, { type: "request-head" }>;
}

/** The content of the first request in `text`, which must be complete. */
export function contentOf(text: string, options: ReadingOptions = {}): string {
  const events = readThreeWays(text, options);
  const end = events.findIndex(({ type }) => type === "message-end");
  assert.ok(end > 0, JSON.stringify(events.at(-1)));
  return events
    .slice(0, end)
    .map((event) => (event.type === "body" ? event.text : ""))
    .join("");
}

function seenEvent(event: ReaderEvent): SeenEvent {
  switch (event.type) {
    case "request-head": {
      const { framing, fields, ...rest } = event;
      return {
        ...rest,
        framing: framing.type === "length" ? framing.bytes : framing.type,
        fields: [...fields].map(([name, value]) => [name, value] as const),
      };
    }
    case "body":
      return { type: "body", text: Buffer.from(event.bytes).toString("latin1") };
    case "message-end":
      return { type: "message-end", trailers: event.trailers && [...event.trailers] };
    case "peer-ended":
      return event;
    case "peer-protocol-error": {
      const { code, status, acceptedBytes } = event.error;
      return { type: "peer-protocol-error", code, status, acceptedBytes };
    }
  }
}
