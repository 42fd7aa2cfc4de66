import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { LocalProtocolError } from "../base/error.ts";
import type { HttpVersion } from "./request-head.ts";
import { layOutFields } from "./response-fields.ts";
import {
  CONTINUE_BYTES,
  type HeadOptions,
  isContentForbidden,
  ResponseWriter,
  switchingHead,
} from "./response-writer.ts";

// Goal: the bytes of each kind of response, and that a promise about its length is kept or refused.
// How: a writer for each method, version, status and length; its text is compared whole.

const OPTIONS: HeadOptions = { date: "D", isPersistent: true, keepAlive: "" };
const FIELDS = layOutFields([["X", "y"]]);
const ANNOUNCED = { length: 5, none: 5, chunked: null, "until-close": null } as const;

const bytes = (text: string) => Buffer.from(text, "latin1");
const textOf = (wire: Uint8Array) => Buffer.from(wire).toString("latin1");
const writerFor = (
  method: string,
  version: HttpVersion,
  status: number,
  contentBytes: number | null,
) => new ResponseWriter({ method, version }, status, contentBytes);
const refuses = (code: string) => (error: unknown) =>
  error instanceof LocalProtocolError && error.code === code;
const MISMATCH = refuses("FINWAIT_CONTENT_MISMATCH");
const FORBIDDEN = refuses("FINWAIT_CONTENT_FORBIDDEN");

/** A writer with the framing, that has written nothing. */
function framed(framing: keyof typeof ANNOUNCED): ResponseWriter {
  const version = framing === "until-close" ? "1.0" : "1.1";
  const writer = writerFor(framing === "none" ? "HEAD" : "GET", version, 200, ANNOUNCED[framing]);
  assert.equal(writer.framing, framing);
  return writer;
}

describe("head", () => {
  const lines = (...texts: readonly string[]) => `${texts.join("\r\n")}\r\n\r\n`;
  const start = ["HTTP/1.1 200 OK", "X: y", "Date: D"];

  it("length known: Content-Length", () => {
    const text = writerFor("GET", "1.1", 200, 5).head(FIELDS, OPTIONS);
    assert.equal(text, lines(...start, "Content-Length: 5"));
  });

  it("no content: Content-Length 0, and end writes nothing", () => {
    const writer = writerFor("GET", "1.1", 200, 0);
    assert.equal(writer.head(FIELDS, OPTIONS), lines(...start, "Content-Length: 0"));
    assert.equal(textOf(writer.end()), "");
  });

  it("length unknown in HTTP/1.1: chunked", () => {
    const text = writerFor("GET", "1.1", 200, null).head(FIELDS, OPTIONS);
    assert.equal(text, lines(...start, "Transfer-Encoding: chunked"));
  });

  it("length unknown in HTTP/1.0: ended by the connection, which therefore closes", () => {
    const writer = writerFor("GET", "1.0", 200, null);
    assert.equal(writer.mayPersist, false);
    assert.equal(writer.head(FIELDS, OPTIONS), lines(...start, "Connection: close"));
    const advertised = { ...OPTIONS, keepAlive: "timeout=5" };
    assert.equal(writer.head(FIELDS, advertised), lines(...start, "Connection: close"));
  });

  it("HTTP/1.0, length known: persistence is confirmed in so many words", () => {
    const text = writerFor("GET", "1.0", 200, 5).head(FIELDS, OPTIONS);
    assert.equal(text, lines(...start, "Content-Length: 5", "Connection: keep-alive"));
  });

  it("not persistent: Connection close, without Keep-Alive", () => {
    const options = { ...OPTIONS, isPersistent: false, keepAlive: "timeout=5" };
    for (const version of ["1.0", "1.1"] as const) {
      const text = writerFor("GET", version, 200, 5).head(FIELDS, options);
      assert.equal(text, lines(...start, "Content-Length: 5", "Connection: close"));
    }
  });

  it("a Keep-Alive to advertise: sent, and named by Connection", () => {
    const options = { ...OPTIONS, keepAlive: "timeout=5" };
    const text = writerFor("GET", "1.1", 200, 5).head(FIELDS, options);
    const persistence = ["Connection: keep-alive", "Keep-Alive: timeout=5"];
    assert.equal(text, lines(...start, "Content-Length: 5", ...persistence));
  });

  it("a Date of the handler's own: the only one", () => {
    const text = writerFor("GET", "1.1", 200, 5).head(layOutFields([["date", "E"]]), OPTIONS);
    assert.equal(text, lines("HTTP/1.1 200 OK", "date: E", "Content-Length: 5"));
  });

  it("a status without a phrase: keeps the space that RFC 9112 §4 demands", () => {
    const text = writerFor("GET", "1.1", 299, 0).head(layOutFields([]), OPTIONS);
    assert.equal(text.startsWith("HTTP/1.1 299 \r\n"), true);
  });

  it("204: neither Content-Length nor Transfer-Encoding", () => {
    for (const contentBytes of [0, null]) {
      const text = writerFor("GET", "1.1", 204, contentBytes).head(layOutFields([]), OPTIONS);
      assert.equal(text, lines("HTTP/1.1 204 No Content", "Date: D"));
    }
  });

  it("304 and HEAD: the length that GET would have had, or nothing", () => {
    const empty = layOutFields([]);
    const length = "Content-Length: 5";
    const notModified = ["HTTP/1.1 304 Not Modified", "Date: D"];
    assert.equal(
      writerFor("GET", "1.1", 304, 5).head(empty, OPTIONS),
      lines(...notModified, length),
    );
    assert.equal(writerFor("GET", "1.1", 304, null).head(empty, OPTIONS), lines(...notModified));
    const ok = ["HTTP/1.1 200 OK", "Date: D"];
    assert.equal(writerFor("HEAD", "1.1", 200, 5).head(empty, OPTIONS), lines(...ok, length));
    assert.equal(writerFor("HEAD", "1.1", 200, null).head(empty, OPTIONS), lines(...ok));
    assert.equal(writerFor("HEAD", "1.0", 200, null).mayPersist, true);
  });

  it("205: no content, and says so by a length of 0 (RFC 9110 §15.3.6)", () => {
    const writer = writerFor("GET", "1.1", 205, null);
    const expected = lines("HTTP/1.1 205 Reset Content", "Date: D", "Content-Length: 0");
    assert.equal(writer.head(layOutFields([]), OPTIONS), expected);
    assert.throws(() => writer.content(bytes("x")), FORBIDDEN);
    assert.equal(textOf(writer.end()), "");
  });
});

describe("ResponseWriter", () => {
  for (const status of [0, 99, 100, 101, 103, 199, 600, 1000, -200, 200.5, Number.NaN, Infinity]) {
    it(`status ${status}: refused`, () => {
      const refused = refuses("FINWAIT_STATUS_INVALID");
      assert.throws(() => writerFor("GET", "1.1", status, 0), refused);
    });
  }

  for (const contentBytes of [-1, 1.5, Number.NaN, Infinity, 2 ** 53]) {
    it(`content of ${contentBytes} bytes: refused, it could not be announced`, () => {
      assert.throws(() => writerFor("GET", "1.1", 200, contentBytes), RangeError);
    });
  }

  it("content announced for 204 or 205: refused", () => {
    assert.throws(() => writerFor("GET", "1.1", 204, 1), FORBIDDEN);
    assert.throws(() => writerFor("GET", "1.1", 205, 1), FORBIDDEN);
  });

  it("isContentForbidden: HEAD, 204 and 304", () => {
    assert.equal(isContentForbidden("HEAD", 200), true);
    assert.equal(isContentForbidden("GET", 204), true);
    assert.equal(isContentForbidden("GET", 304), true);
    assert.equal(isContentForbidden("GET", 200), false);
    assert.equal(isContentForbidden("head", 200), false);
  });

  it("101 (Switching Protocols): a head with the option that it must have", () => {
    const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";
    assert.equal(switchingHead(layOutFields([["Upgrade", "x"]])), head);
  });

  it("100 (Continue): a whole interim response", () => {
    assert.equal(textOf(CONTINUE_BYTES), "HTTP/1.1 100 Continue\r\n\r\n");
  });
});

describe("content", () => {
  it("length: as it is", () => {
    const writer = framed("length");
    assert.equal(textOf(writer.content(bytes("he"))), "he");
    assert.equal(textOf(writer.content(bytes("llo"))), "llo");
    assert.equal(writer.writtenBytes, 5);
    assert.equal(textOf(writer.end()), "");
  });

  it("chunked: one chunk each, and a last one", () => {
    const writer = framed("chunked");
    assert.equal(textOf(writer.content(bytes("hello"))), "5\r\nhello\r\n");
    assert.equal(textOf(writer.content(bytes("x".repeat(255)))), `ff\r\n${"x".repeat(255)}\r\n`);
    assert.equal(writer.writtenBytes, 260);
    assert.equal(textOf(writer.end()), "0\r\n\r\n");
  });

  it("until-close: as it is, however much", () => {
    const writer = framed("until-close");
    assert.equal(textOf(writer.content(bytes("hello"))), "hello");
    assert.equal(textOf(writer.end()), "");
  });

  for (const framing of ["length", "none", "chunked", "until-close"] as const) {
    it(`an empty piece, ${framing}: nothing, and never the last chunk`, () => {
      assert.equal(framed(framing).content(bytes("")).byteLength, 0);
    });
  }

  it("more than announced: refused and not counted, so that the rest can still be written", () => {
    const writer = framed("length");
    writer.content(bytes("hel"));
    assert.throws(() => writer.content(bytes("lo!")), MISMATCH);
    assert.equal(writer.writtenBytes, 3);
    assert.equal(textOf(writer.content(bytes("lo"))), "lo");
    assert.throws(() => writer.content(bytes("!")), MISMATCH);
    writer.end();
  });

  it("less than announced: refused at the end", () => {
    const writer = framed("length");
    writer.content(bytes("hell"));
    assert.throws(() => writer.end(), MISMATCH);
    writer.content(bytes("o"));
    writer.end();
  });

  it("any for HEAD, 204, 304: refused", () => {
    assert.throws(() => framed("none").content(bytes("x")), FORBIDDEN);
    assert.throws(() => writerFor("HEAD", "1.1", 200, 0).content(bytes("x")), LocalProtocolError);
    assert.throws(() => writerFor("GET", "1.1", 204, 0).content(bytes("x")), FORBIDDEN);
    assert.throws(() => writerFor("GET", "1.1", 204, null).content(bytes("x")), FORBIDDEN);
    assert.throws(() => writerFor("GET", "1.1", 304, 1).content(bytes("x")), FORBIDDEN);
  });

  it("HEAD with an announced length: ends without it", () => {
    assert.equal(textOf(framed("none").end()), "");
  });

  for (const framing of ["length", "none", "chunked", "until-close"] as const) {
    it(`after the end, ${framing}: neither content nor another end`, () => {
      const writer = framed(framing);
      if (framing === "length") writer.content(bytes("hello"));
      writer.end();
      assert.throws(() => writer.content(bytes("x")), LocalProtocolError);
      assert.throws(() => writer.end(), MISMATCH);
    });
  }

  it("a refusal because of the end: says so, and announces no infinity", () => {
    const writer = framed("chunked");
    writer.end();
    assert.throws(() => writer.end(), { message: /has ended$/ });
    assert.throws(() => writer.content(bytes("x")), { message: /has ended$/ });
  });
});

describe("trailers", () => {
  it("chunked: behind the last chunk", () => {
    const wire = framed("chunked").end([
      ["A", "1"],
      ["B", "2"],
    ]);
    assert.equal(textOf(wire), "0\r\nA: 1\r\nB: 2\r\n\r\n");
  });

  it("without the chunked coding: there is no place for them", () => {
    for (const framing of ["none", "until-close"] as const) {
      assert.equal(textOf(framed(framing).end([["A", "1"]])), "");
    }
  });

  it("refused ones: end nothing, so that it can be done without them", () => {
    const writer = framed("chunked");
    assert.throws(() => writer.end([["A", "1\r\n"]]), refuses("FINWAIT_FIELD_INVALID"));
    assert.throws(() => writer.end([["Host", "a"]]), refuses("FINWAIT_FIELD_RESERVED"));
    assert.equal(textOf(writer.end()), "0\r\n\r\n");
  });
});
