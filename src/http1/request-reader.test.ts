import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  errorOf,
  latin1,
  newReader,
  readAll,
  readPieces,
  readThreeWays,
} from "../../test/support/fake-peer.ts";
import { isPeerProtocolError, PEER_PROTOCOL_ERRORS } from "./error.ts";
import type { RequestReader } from "./request-reader.ts";

// Goal: the order of events, and what the reader says about itself between them.
// How: one factory per phase reaches it through the API; then one input, and everything is looked
// at.

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST_HEAD = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const CHUNKED_HEAD = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const POST = `${POST_HEAD}hello`;
const CHUNKED = `${CHUNKED_HEAD}5\r\nhello\r\n0\r\n\r\n`;
const INCOMPLETE = "400 FINWAIT_MESSAGE_INCOMPLETE";

const typesOf = (text: string, fin = false) => readThreeWays(text, { fin }).map(({ type }) => type);

/** A reader that has received `text` and read everything there is. */
function readerAfter(text: string): RequestReader {
  const reader = newReader();
  reader.receive(latin1(text));
  readAll(reader);
  return reader;
}

describe("events", () => {
  it("a request without body: head, end", () => {
    assert.deepEqual(typesOf(GET), ["request-head", "message-end"]);
  });

  it("the whole head: every fact that a handler may ask for", () => {
    const text = "OPTIONS * HTTP/1.1\r\nHost: a:1\r\nX: 1\r\nx: 2\r\n\r\n";
    assert.deepEqual(readThreeWays(text), [
      {
        type: "request-head",
        method: "OPTIONS",
        target: "*",
        targetForm: "asterisk",
        version: "1.1",
        authority: "a:1",
        framing: "none",
        isPersistent: true,
        expectsContinue: false,
        hasUpgrade: false,
        fields: [
          ["Host", "a:1"],
          ["X", "1"],
          ["x", "2"],
        ],
      },
      { type: "message-end", trailers: null },
    ]);
  });

  it("a body by length: its bytes, then the end", () => {
    assert.deepEqual(readThreeWays(POST).slice(1), [
      { type: "body", text: "hello" },
      { type: "message-end", trailers: null },
    ]);
  });

  it("Content-Length 0: no body event", () => {
    const text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    assert.deepEqual(typesOf(text), ["request-head", "message-end"]);
  });

  it("trailers: given with the end", () => {
    const text = `${CHUNKED_HEAD}0\r\nA: 1\r\n\r\n`;
    const end = { type: "message-end", trailers: [["A", "1"]] };
    assert.deepEqual(readThreeWays(text).slice(1), [end]);
  });

  it("pipelined requests of every framing: each with its own events, in order", () => {
    const get = ["request-head", "message-end"];
    const post = ["request-head", "body", "message-end"];
    const types = typesOf(GET + POST + CHUNKED + GET + CHUNKED + POST + GET, true);
    const expected = [get, post, post, get, post, post, get].flat();
    assert.deepEqual(types, [...expected, "peer-ended"]);
  });

  it("a body that looks like a request: stays a body", () => {
    const content = GET + GET;
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${content.length}\r\n\r\n`;
    assert.deepEqual(readThreeWays(head + content)[1], { type: "body", text: content });
  });

  it("facts of one request: never leak into the next", () => {
    const first =
      "POST http://x/ HTTP/1.1\r\nHost: b\r\nConnection: close, upgrade\r\nUpgrade: y\r\n" +
      "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: 1\r\n\r\n";
    const second = readThreeWays(first + GET).slice(2);
    assert.deepEqual(second, readThreeWays(GET));
    const old = readThreeWays("GET / HTTP/1.0\r\n\r\n");
    assert.deepEqual(readThreeWays(`${first}GET / HTTP/1.0\r\n\r\n`).slice(2), old);
  });
});

describe("pull", () => {
  it("an error behind a good request: comes only after it has been read", () => {
    const reader = newReader();
    reader.receive(latin1(`${GET}BROKEN\r\n`));
    assert.equal(reader.read()?.type, "request-head");
    assert.equal(reader.read()?.type, "message-end");
    assert.equal(reader.read()?.type, "peer-protocol-error");
    assert.equal(reader.read(), null);
  });

  it("an error behind a body: comes after the bytes before it", () => {
    const events = readThreeWays(`${CHUNKED_HEAD}5\r\nhelloX`);
    assert.deepEqual(events.slice(1), [
      { type: "body", text: "hello" },
      {
        type: "peer-protocol-error",
        code: "FINWAIT_CHUNK_INVALID",
        status: 400,
        acceptedBytes: CHUNKED_HEAD.length + 8,
      },
    ]);
  });

  it("an error: is the last event, whatever is received afterwards", () => {
    const reader = readerAfter("BROKEN\r\n");
    reader.receive(latin1(GET));
    reader.receiveEnd();
    assert.equal(reader.read(), null);
    assert.equal(reader.bufferedBytes, 0);
  });

  it("what nobody has read: stays buffered, uninterpreted", () => {
    const reader = newReader();
    reader.receive(latin1(GET + GET));
    reader.read();
    assert.equal(reader.bufferedBytes, GET.length);
    reader.read();
    assert.equal(reader.bufferedBytes, GET.length);
    reader.read();
    assert.equal(reader.bufferedBytes, 0);
  });

  it("fields read after the next request has arrived: are those of their own request", () => {
    const reader = newReader();
    reader.receive(latin1("GET /1 HTTP/1.1\r\nHost: a\r\nX: first\r\n"));
    reader.read();
    reader.receive(latin1("\r\nGET /2 HTTP/1.1\r\nHost: a\r\nX: second\r\n\r\n"));
    const first = reader.read();
    reader.read();
    const second = reader.read();
    assert.equal(first?.type === "request-head" && first.fields.get("x"), "first");
    assert.equal(second?.type === "request-head" && second.fields.get("x"), "second");
  });

  it("body bytes kept by a handler: do not change when more is received", () => {
    const reader = readerAfter(`${CHUNKED_HEAD}3\r`);
    reader.receive(latin1("\nabc\r\n"));
    const body = reader.read();
    reader.receive(latin1("3\r\nxyz\r\n0\r\n\r\n"));
    readAll(reader);
    assert.ok(body?.type === "body");
    assert.equal(Buffer.from(body.bytes).toString("latin1"), "abc");
  });

  it("no bytes: no event, and not the end", () => {
    assert.deepEqual(readPieces([latin1(""), latin1(GET), latin1("")]), readThreeWays(GET));
  });
});

describe("receiveEnd", () => {
  it("nothing was sent: peer-ended, once", () => {
    const reader = newReader();
    reader.receiveEnd();
    assert.deepEqual(readAll(reader), [{ type: "peer-ended" }]);
    assert.equal(reader.read(), null);
  });

  it("behind complete requests: peer-ended after all their events", () => {
    const reader = newReader();
    reader.receive(latin1(GET + POST));
    reader.receiveEnd();
    const types = readAll(reader).map(({ type }) => type);
    const requests = ["request-head", "message-end", "request-head", "body", "message-end"];
    assert.deepEqual(types, [...requests, "peer-ended"]);
  });

  it("behind an empty line: still polite", () => {
    assert.deepEqual(typesOf(`${POST}\r\n`, true).at(-1), "peer-ended");
  });

  it("anywhere inside a request: an incomplete message, after the bytes that came", () => {
    for (const request of [GET, `\r\n${GET}`, POST, CHUNKED, `${CHUNKED_HEAD}0\r\nA: b\r\n\r\n`]) {
      for (let at = 1; at < request.length; at++) {
        const text = request.slice(0, at);
        const isBetween = text === "\r\n";
        const expected = isBetween ? null : INCOMPLETE;
        const options = { fin: true, cutFrom: Math.max(1, at - 3) };
        assert.equal(errorOf(text, options), expected, JSON.stringify(text));
      }
    }
  });

  it("inside a body: the bytes that came are given first", () => {
    assert.deepEqual(readThreeWays(`${POST_HEAD}hel`, { fin: true }).slice(1), [
      { type: "body", text: "hel" },
      {
        type: "peer-protocol-error",
        code: "FINWAIT_MESSAGE_INCOMPLETE",
        status: 400,
        acceptedBytes: POST_HEAD.length + 3,
      },
    ]);
  });

  it("behind a broken request: the breach is reported, not the end", () => {
    assert.equal(errorOf("BROKEN\r\n", { fin: true }), "400 FINWAIT_REQUEST_LINE_INVALID");
  });
});

describe("bufferedBytes, isBetweenMessages, remainingBodyBytes", () => {
  const facts = ({ bufferedBytes, isBetweenMessages, remainingBodyBytes }: RequestReader) => ({
    bufferedBytes,
    isBetweenMessages,
    remainingBodyBytes,
  });
  const table: readonly (readonly [text: string, number, boolean, number | null])[] = [
    ["", 0, true, 0],
    ["\r", 1, false, 0],
    ["\r\n", 0, true, 0],
    ["G", 1, false, 0],
    ["GET / HTTP/1.1\r\n", 0, false, 0],
    ["GET / HTTP/1.1\r\nHo", 2, false, 0],
    [GET, 0, true, 0],
    [POST_HEAD, 0, false, 5],
    [`${POST_HEAD}he`, 0, false, 3],
    [POST, 0, true, 0],
    [CHUNKED_HEAD, 0, false, null],
    [`${CHUNKED_HEAD}5\r\nhe`, 0, false, null],
    [`${CHUNKED_HEAD}5\r\nhello`, 0, false, null],
    [`${CHUNKED_HEAD}0\r\n`, 0, false, null],
    [`${CHUNKED_HEAD}0\r\nA`, 1, false, null],
    [CHUNKED, 0, true, 0],
    [`${GET}X`, 1, false, 0],
    ["BROKEN\r\n", 0, false, 0],
  ];
  for (const [text, bufferedBytes, isBetweenMessages, remainingBodyBytes] of table) {
    it(`${JSON.stringify(text.slice(-24))}: three facts`, () => {
      const expected = { bufferedBytes, isBetweenMessages, remainingBodyBytes };
      assert.deepEqual(facts(readerAfter(text)), expected);
    });
  }

  it("a head that was read, its end not yet: not between messages", () => {
    const reader = newReader();
    reader.receive(latin1(GET));
    reader.read();
    assert.equal(reader.isBetweenMessages, false);
    reader.read();
    assert.equal(reader.isBetweenMessages, true);
  });
});

describe("reset", () => {
  const starts = [
    "",
    "\r",
    "\r\nG",
    "GET /abc",
    "GET / HTTP/1.",
    "GET / HTTP/1.1\r\nHost",
    POST_HEAD,
    `${POST_HEAD}he`,
    `${CHUNKED_HEAD}5;a="b`,
    `${CHUNKED_HEAD}5\r\nhe`,
    `${CHUNKED_HEAD}5\r\nhello`,
    `${CHUNKED_HEAD}0\r\nA: b`,
    "BROKEN\r\n",
    CHUNKED,
  ];
  for (const start of starts) {
    it(`${JSON.stringify(start.slice(-24))}: as good as new`, () => {
      for (const hasEnded of [false, true]) {
        const reader = readerAfter(start);
        if (hasEnded) reader.receiveEnd();
        readAll(reader);
        reader.reset();
        const text = `${GET}${CHUNKED}BROKEN\r\n`;
        const expected = readPieces([latin1(text)], { fin: true });
        assert.deepEqual(readPieces([latin1(text)], { fin: true, reader }), expected);
      }
    });
  }
});

describe("switchProtocols", () => {
  it("whatever follows: one body, not a byte of it parsed, until the peer's FIN", () => {
    const reader = readerAfter(GET);
    reader.receive(latin1("\0GET / HTTP/1.1\r\n"));
    reader.switchProtocols();
    reader.receive(latin1("\r\nBROKEN\r\n"));
    const log = readAll(reader);
    assert.deepEqual(log, [{ type: "body", text: "\0GET / HTTP/1.1\r\n\r\nBROKEN\r\n" }]);
    assert.equal(reader.isBetweenMessages, false);
    reader.receiveEnd();
    assert.deepEqual(readAll(reader), [{ type: "message-end", trailers: null }]);
    assert.equal(reader.read(), null);
  });

  it("reset: HTTP again", () => {
    const reader = readerAfter(GET);
    reader.switchProtocols();
    reader.receive(latin1("x"));
    reader.reset();
    assert.deepEqual(readPieces([latin1(GET)], { reader }), readThreeWays(GET));
  });
});

describe("PeerProtocolError", () => {
  it("acceptedBytes: counts what was accepted on the whole connection", () => {
    const reader = newReader();
    reader.receive(latin1(`${GET}${POST}GET / HTTP/1.1\r\nA : b\r\n`));
    const last = readAll(reader).at(-1);
    const accepted = GET.length + POST.length + "GET / HTTP/1.1\r\n".length;
    assert.equal(last?.type === "peer-protocol-error" && last.acceptedBytes, accepted);
  });

  it("message: names the place and the rule, and quotes nothing that was received", () => {
    const reader = newReader();
    reader.receive(latin1("GET / HTTP/1.1\r\nsecret : b\r\n"));
    const event = reader.read();
    assert.ok(event?.type === "peer-protocol-error");
    assert.match(event.error.message, /^Cannot read request after byte 16: .*\(RFC 9112 §5\)$/);
    assert.doesNotMatch(event.error.message, /secret/);
    assert.equal(isPeerProtocolError(event.error), true);
  });

  it("isPeerProtocolError: recognizes by code, not by class", () => {
    assert.equal(isPeerProtocolError({ code: "FINWAIT_OBS_FOLD" }), true);
    for (const value of [
      null,
      undefined,
      "FINWAIT_OBS_FOLD",
      {},
      { code: 5 },
      { code: "toString" },
    ]) {
      assert.equal(isPeerProtocolError(value), false);
    }
  });

  it("every code: an error status of this server, and a section", () => {
    const statuses = Object.values(PEER_PROTOCOL_ERRORS).map(({ status }) => status);
    assert.deepEqual([...new Set(statuses)].sort(), [400, 411, 413, 414, 417, 431, 501, 505]);
    for (const { section } of Object.values(PEER_PROTOCOL_ERRORS)) {
      assert.match(section, /^RFC \d{4} §\d/);
    }
  });
});

describe("cost", () => {
  it("a large head, one byte at a time: no byte is parsed or copied again and again", () => {
    const line = `A: ${"b".repeat(7_000)}\r\n`;
    const head = latin1(`GET /${"c".repeat(8_000)} HTTP/1.1\r\nHost: a\r\n${line.repeat(3)}\r\n`);
    const reader = newReader();
    let largest = 0;
    for (const byte of head) {
      reader.receive(Uint8Array.of(byte));
      largest = Math.max(largest, reader.bufferedBytes);
      if (reader.read() !== null) break;
    }
    assert.equal(reader.bufferedBytes, 0);
    assert.ok(largest <= 32_768);
  });

  it("endless bytes without a line end: never more than the limits are held", () => {
    for (const start of ["", "GET ", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nA: "]) {
      const reader = newReader();
      reader.receive(latin1(start));
      let held = 0;
      while (reader.read() === null) {
        reader.receive(latin1("a".repeat(100)));
        held = Math.max(held, reader.bufferedBytes);
      }
      assert.ok(held <= 8_192 + 200, `${JSON.stringify(start)}: ${held}`);
    }
  });
});
