import assert from "node:assert/strict";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import {
  assertSame,
  latin1,
  newReader,
  readAll,
  readPieces,
  type SeenEvent,
} from "../../test/support/fake-peer.ts";

// Goal: what must hold for any bytes: cuts change nothing, valid requests come back, nothing
// throws. How: fast-check generates requests, cuts, mutations and soup; a failure prints its seed.

const RUNS = { numRuns: 60 };

const TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FRAMING = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "transfer-encoding",
  "upgrade",
]);

const textOf = (characters: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index)).join("");

const method = textOf(TOKEN, 1, 20).filter((text) => text !== "CONNECT");
const target = textOf(range(0x21, 0x7e).replace("#", ""), 0, 40).map((text) => `/${text}`);
const fieldName = textOf(TOKEN, 1, 20).filter((name) => !FRAMING.has(name.toLowerCase()));
const fieldValue = textOf(`\t${range(0x20, 0x7e)}${range(0x80, 0xff)}`, 0, 30);
const whitespace = textOf(" \t", 0, 3);
const content = textOf(range(0, 255), 0, 60);

const trim = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, "");

const field = fc.tuple(fieldName, whitespace, fieldValue, whitespace);
type Field = readonly [name: string, before: string, value: string, after: string];
const lineOf = ([name, before, value, after]: Field) => `${name}:${before}${value}${after}\r\n`;
const seenField = ([name, , value]: Field) => [name, trim(value)] as const;

const extension = fc.constantFrom("", ";a", ";a=b", ' ; a = "\\"b;"', ";a;b=c", '\t;a=""');
const chunk = fc.tuple(textOf(range(0, 255), 1, 40), extension, fc.nat({ max: 2 }));
type Chunk = readonly [data: string, extension: string, zeros: number];
const chunkText = ([data, suffix, zeros]: Chunk) =>
  `${"0".repeat(zeros)}${data.length.toString(16)}${suffix}\r\n${data}\r\n`;

interface Generated {
  readonly text: string;
  /** The events it must give. */
  readonly events: readonly SeenEvent[];
}

const body = fc.oneof(
  fc.constant({ type: "none" } as const),
  content.map((text) => ({ type: "length", text }) as const),
  fc.record({
    type: fc.constant("chunked" as const),
    chunks: fc.array(chunk, { maxLength: 6 }),
    trailers: fc.array(field, { maxLength: 3 }),
  }),
);

const request = fc
  .record({
    method,
    target,
    minor: fc.constantFrom("1", "2", "9"),
    emptyLine: fc.constantFrom("", "\r\n"),
    fields: fc.array(field, { maxLength: 5 }),
    body,
  })
  .map(({ method, target, minor, emptyLine, fields, body }): Generated => {
    const framing: Field[] = [];
    let wire = "";
    let text = "";
    let trailers: (readonly [string, string])[] | null = null;
    if (body.type === "length") {
      framing.push(["Content-Length", "", String(body.text.length), ""]);
      wire = body.text;
      text = body.text;
    } else if (body.type === "chunked") {
      framing.push(["Transfer-Encoding", " ", "Chunked", ""]);
      const lines = body.trailers.map(lineOf).join("");
      wire = `${body.chunks.map(chunkText).join("")}0\r\n${lines}\r\n`;
      text = body.chunks.map(([data]) => data).join("");
      if (body.trailers.length > 0) trailers = body.trailers.map(seenField);
    }
    const all: readonly Field[] = [...fields, ["Host", " ", "a.example", ""], ...framing];
    const head = `${method} ${target} HTTP/1.${minor}\r\n${all.map(lineOf).join("")}\r\n`;
    const events: SeenEvent[] = [
      {
        type: "request-head",
        method,
        target,
        targetForm: "origin",
        version: "1.1",
        authority: "a.example",
        framing: body.type === "length" ? body.text.length || "none" : body.type,
        isPersistent: true,
        expectsContinue: false,
        hasUpgrade: false,
        fields: all.map(seenField),
      },
    ];
    if (text !== "") events.push({ type: "body", text });
    events.push({ type: "message-end", trailers });
    return { text: emptyLine + head + wire, events };
  });

/** `bytes`, cut at the given fractions of its length. */
function cutAt(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const places = fractions.map((fraction) => Math.floor(fraction * bytes.byteLength));
  const sorted = [0, ...places.sort((a, b) => a - b), bytes.byteLength];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

// Pieces of requests that are nearly right: soup of these gets further than soup of bytes.
const ingredient = fc.constantFrom(
  "GET / HTTP/1.1\r\n",
  "POST /x HTTP/1.0\r\n",
  "Host: a\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 5",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding:",
  "Connection: close\r\n",
  "\r\n",
  "\r",
  "\n",
  " ",
  "\t",
  ":",
  ";",
  "0\r\n",
  "5\r\nhello\r\n",
  "5;a=b\r\n",
  "ffffffff",
  "hello",
  '"',
  "\0",
  "\u00ff",
);
const soup = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.array(ingredient, { maxLength: 20 }).map((parts) => parts.join("")),
);

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom("replace", "insert", "delete", "double"),
  with: fc.oneof(
    ingredient,
    fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)),
  ),
});

/** Checks what holds for any log. */
function checkLog(log: readonly SeenEvent[]): void {
  let isInMessage = false;
  log.forEach(({ type }, index) => {
    const isLast = index === log.length - 1;
    switch (type) {
      case "request-head":
        assert.equal(isInMessage, false);
        isInMessage = true;
        break;
      case "body":
        assert.equal(isInMessage, true);
        break;
      case "message-end":
        assert.equal(isInMessage, true);
        isInMessage = false;
        break;
      case "peer-ended":
        assert.equal(isInMessage, false);
        assert.equal(isLast, true);
        break;
      case "peer-protocol-error":
        assert.equal(isLast, true);
        break;
    }
  });
}

/** Whole and cut, twice with one reader: the same log each time, which is well-formed and final. */
function checkBytes(text: string, fractions: readonly number[]): void {
  const bytes = latin1(text);
  const whole = readPieces([bytes], { fin: true });
  checkLog(whole);
  const reader = newReader();
  const cut = readPieces(cutAt(bytes, fractions), { fin: true, reader });
  assertSame(cut, whole, "cut");
  assert.notEqual(cut.length, 0);
  reader.receive(latin1("GET / HTTP/1.1\r\n"));
  assert.deepEqual(readAll(reader), []);
  reader.reset();
  assertSame(readPieces([bytes], { fin: true, reader }), whole, "again, after reset");
}

describe("RequestReader", () => {
  it("any valid requests, cut anywhere: come back as they were generated", () => {
    const property = fc.property(fc.array(request, { maxLength: 4 }), cuts, (requests, places) => {
      const bytes = latin1(requests.map(({ text }) => text).join(""));
      const expected = requests.flatMap(({ events }) => events);
      assertSame(readPieces([bytes]), expected, "whole");
      assertSame(readPieces(cutAt(bytes, places)), expected, "cut");
    });
    fc.assert(property, { numRuns: 150 });
  });

  it("any bytes: nothing throws, and the last event is the only end or error", () => {
    fc.assert(fc.property(soup, cuts, checkBytes), { numRuns: 300 });
  });

  it("valid requests with a few mutations: nothing throws, and cuts change nothing", () => {
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });
    const requests = fc.array(request, { minLength: 1, maxLength: 2 });
    const property = fc.property(requests, mutations, cuts, (valid, changes, places) => {
      let text = valid.map((each) => each.text).join("");
      for (const { at, kind, with: inserted } of changes) {
        const index = Math.floor(at * text.length);
        const behind = index + (kind === "insert" ? 0 : 1);
        const here = text.slice(index, index + 1);
        const put = { replace: inserted, insert: inserted, delete: "", double: here + here };
        text = text.slice(0, index) + put[kind] + text.slice(behind);
      }
      checkBytes(text, places);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("requests of which only a part came: every head in it is a head of the whole", () => {
    const property = fc.property(request, fc.double({ min: 0, max: 1, noNaN: true }), (one, at) => {
      const bytes = latin1(one.text);
      const part = bytes.subarray(0, Math.floor(at * bytes.byteLength));
      const seen = readPieces([part]);
      const [head] = seen;
      if (head !== undefined) assertSame(head, one.events[0], "head");
      assert.equal(
        seen.some(({ type }) => type === "peer-protocol-error"),
        false,
      );
    });
    fc.assert(property, RUNS);
  });

  it("a request under small limits: accepted whole, or refused with the status of a limit", () => {
    const limits = fc.record({
      requestLineLimitBytes: fc.integer({ min: 1, max: 80 }),
      fieldLineLimitBytes: fc.integer({ min: 1, max: 60 }),
      fieldCountLimit: fc.integer({ min: 1, max: 6 }),
      headLimitBytes: fc.integer({ min: 1, max: 300 }),
      bodyLimitBytes: fc.integer({ min: 1, max: 80 }),
      chunkExtensionsLimitBytes: fc.integer({ min: 1, max: 20 }),
    });
    const property = fc.property(request, limits, cuts, (one, small, places) => {
      const bytes = latin1(one.text);
      const whole = readPieces([bytes], { limits: small });
      assertSame(readPieces(cutAt(bytes, places), { limits: small }), whole, "cut");
      const last = whole.at(-1);
      if (last?.type === "peer-protocol-error") {
        assert.ok([413, 414, 431].includes(last.status), `${last.status}`);
      } else assertSame(whole, one.events, "accepted");
    });
    fc.assert(property, { numRuns: 200 });
  });
});
