import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { LocalProtocolError } from "../base/error.ts";
import type { FieldLines } from "./exchange.ts";
import { FakeServer, requestText } from "./fake-server.ts";
import { prepareResponse } from "./prepared-response.ts";

// Goal: a prepared response is on the wire what `respond` would have sent, and checked before
// anyone asks for it. How: both ways side by side, for each kind of request and status.

const content = Buffer.from("hello");
const FIELDS: FieldLines = [["Content-Type", "text/plain"]];

/** What a client gets by either way. */
function answersTo(
  text: string,
  status: number,
  fields: FieldLines = FIELDS,
  body: Uint8Array = content,
): readonly [prepared: string, usual: string] {
  const prepared = prepareResponse(status, fields, body);
  const play = (isPrepared: boolean): string => {
    const server = new FakeServer((exchange) => {
      if (isPrepared) exchange.respondPrepared(prepared);
      else exchange.respond(status, fields, body);
    });
    const peer = server.connect();
    peer.send(text);
    return peer.text;
  };
  return [play(true), play(false)];
}

describe("respondPrepared", () => {
  const requests: readonly (readonly [string, string])[] = [
    ["GET", requestText()],
    ["HEAD", requestText("HEAD /")],
    ["POST", requestText("POST /", ["Content-Length: 0"])],
    ["GET in HTTP/1.0", requestText("GET /", [], "1.0")],
    ["GET in HTTP/1.0, persistent", requestText("GET /", ["Connection: keep-alive"], "1.0")],
    ["GET with Connection: close", requestText("GET /", ["Connection: close"])],
  ];
  for (const [what, text] of requests) {
    for (const status of [200, 304, 404]) {
      it(`${status} to ${what}: is what respond sends`, () => {
        const [prepared, usual] = answersTo(text, status);
        assert.equal(prepared, usual);
        assert.notEqual(prepared, "");
      });
    }
  }

  it("304: announces no length, and the length of the content only if told to", () => {
    const [without] = answersTo(requestText(), 304, [], new Uint8Array(0));
    assert.doesNotMatch(without, /Content-Length/);
    const [told] = answersTo(requestText(), 304, [["Content-Length", "12"]], new Uint8Array(0));
    assert.match(told, /\r\nContent-Length: 12\r\n/);
  });

  it("204: has no content and no length", () => {
    const [prepared, usual] = answersTo(requestText(), 204, [], new Uint8Array(0));
    assert.equal(prepared, usual);
    assert.doesNotMatch(prepared, /Content-Length/);
  });

  it("Connection: close among the fields: closes", () => {
    const prepared = prepareResponse(200, [["Connection", "close"]], content);
    const server = new FakeServer((exchange) => exchange.respondPrepared(prepared));
    const peer = server.connect();
    peer.send(requestText());
    assert.match(peer.text, /Connection: close/);
    assert.equal(peer.finish().reason, "handler-asked");
  });

  it("to many connections: is the same buffer, until the second is over", () => {
    const prepared = prepareResponse(200, FIELDS, content);
    const server = new FakeServer((exchange) => exchange.respondPrepared(prepared));
    const [first, second] = [server.connect(), server.connect()];
    first.send(requestText());
    second.send(requestText());
    assert.equal(first.transport.writes[0], second.transport.writes[0]);
    server.advance(1_000);
    second.send(requestText());
    assert.notEqual(second.transport.writes[1], first.transport.writes[0]);
    assert.match(second.text, /00:00:01 GMT/);
    assert.match(first.text, /00:00:00 GMT/);
  });

  it("twice: the second is refused", () => {
    const prepared = prepareResponse(200, FIELDS, content);
    const server = new FakeServer((exchange) => {
      exchange.respondPrepared(prepared);
      exchange.respondPrepared(prepared);
    });
    server.connect().send(requestText());
    assert.equal((server.errors[0] as LocalProtocolError).code, "FINWAIT_RESPONSE_STARTED");
  });

  it("the record: counts the content that was sent", () => {
    const server = new FakeServer((exchange) =>
      exchange.respondPrepared(prepareResponse(exchange.target === "/" ? 200 : 304, [], content)),
    );
    const peer = server.connect();
    peer.send(requestText() + requestText("HEAD /") + requestText("GET /304"));
    assert.deepEqual(
      server.records.map(({ contentBytes }) => contentBytes),
      [5, 0, 0],
    );
  });
});

describe("prepareResponse", () => {
  const wrong: readonly (readonly [string, string, number, FieldLines])[] = [
    ["an interim status", "FINWAIT_STATUS_INVALID", 100, []],
    ["content for 204", "FINWAIT_CONTENT_FORBIDDEN", 204, []],
    ["a line break in a value", "FINWAIT_FIELD_INVALID", 200, [["A", "b\nc"]]],
    ["Transfer-Encoding", "FINWAIT_FIELD_RESERVED", 200, [["Transfer-Encoding", "chunked"]]],
    ["a wrong Content-Length", "FINWAIT_CONTENT_MISMATCH", 200, [["Content-Length", "4"]]],
  ];
  for (const [what, code, status, fields] of wrong) {
    it(`${what}: is refused before anyone asks for it`, () => {
      assert.throws(
        () => prepareResponse(status, fields, content),
        (error) => error instanceof LocalProtocolError && error.code === code,
      );
    });
  }
});
