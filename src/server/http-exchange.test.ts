import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { LocalProtocolError } from "../base/error.ts";
import type { Exchange, Handler } from "./exchange.ts";
import { FakeServer, HeldHandler, postText, requestText, settled } from "./fake-server.ts";

// Goal: what a handler may do with an exchange, what becomes of it on the wire, and what is
// refused. How: one request per test on a fake connection; the bytes and the connection's end are
// compared.

const HEAD_OF = /^HTTP\/1\.1 .*?\r\n\r\n/s;

interface Played {
  readonly server: FakeServer;
  readonly peer: ReturnType<FakeServer["connect"]>;
  readonly exchange: Exchange;
}

/** One request that nobody has answered yet. */
function play(
  text = requestText(),
  options: ConstructorParameters<typeof FakeServer>[1] = {},
): Played {
  const held = new HeldHandler();
  const server = new FakeServer(held.handle, options);
  const peer = server.connect();
  peer.send(text);
  return { server, peer, exchange: held.last };
}

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const contentOf = (text: string): string => text.replace(HEAD_OF, "");

/** The error is a mistake of the handler, with that code. */
const mistake =
  (code: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof LocalProtocolError);
    assert.equal(error.code, code);
    return true;
  };

describe("respond", () => {
  it("content: is announced by its length, in one write with the head", () => {
    const { peer, exchange } = play();
    exchange.respond(200, [["Content-Type", "text/plain"]], "hé");
    assert.match(peer.text, /\r\nContent-Type: text\/plain\r\n/);
    assert.match(peer.text, /\r\nContent-Length: 3\r\n/);
    assert.equal(peer.transport.writes.length, 1);
  });

  it("large content: is not copied behind its head", () => {
    const { peer, exchange } = play();
    const content = new Uint8Array(16_385).fill(0x78);
    exchange.respond(200, [], content);
    assert.equal(peer.transport.writes.length, 2);
    assert.equal(peer.transport.writes[1], content);
  });

  it("HEAD: announces the length, and sends no content", () => {
    const { peer, exchange, server } = play(requestText("HEAD /"));
    exchange.respond(200, [], "hello");
    assert.match(peer.text, /\r\nContent-Length: 5\r\n/);
    assert.equal(contentOf(peer.text), "");
    assert.equal(server.records[0]?.contentBytes, 0);
  });

  it("HEAD with a Content-Length of its own and no content: announces that", () => {
    const { peer, exchange } = play(requestText("HEAD /"));
    exchange.respond(200, [["Content-Length", "123"]]);
    assert.match(peer.text, /\r\nContent-Length: 123\r\n/);
  });

  for (const status of [204, 304]) {
    it(`${status}: has no content and no length`, () => {
      const { peer, exchange } = play();
      exchange.respond(status, [], "left out");
      assert.doesNotMatch(peer.text, /Content-Length/);
      assert.equal(contentOf(peer.text), "");
      assert.equal(peer.transport.isFinSent, false);
    });
  }

  it("Connection: close among the fields: closes", () => {
    const { peer, exchange } = play();
    exchange.respond(200, [["connection", "close"]]);
    assert.match(peer.text, /\r\nConnection: close\r\n/);
    assert.equal(peer.finish().reason, "handler-asked");
  });

  it("twice: the second is refused, and changes nothing", () => {
    const { peer, exchange } = play();
    exchange.respond(200, []);
    assert.throws(() => exchange.respond(200, []), mistake("FINWAIT_RESPONSE_STARTED"));
    assert.deepEqual(peer.statuses, [200]);
  });

  const wrong: readonly (readonly [string, string, (exchange: Exchange) => void])[] = [
    ["an interim status", "FINWAIT_STATUS_INVALID", (exchange) => exchange.respond(103, [])],
    ["a status above 599", "FINWAIT_STATUS_INVALID", (exchange) => exchange.respond(600, [])],
    [
      "a line break in a value",
      "FINWAIT_FIELD_INVALID",
      (exchange) => exchange.respond(200, [["A", "b\r\nC: d"]]),
    ],
    [
      "Transfer-Encoding",
      "FINWAIT_FIELD_RESERVED",
      (exchange) => exchange.respond(200, [["Transfer-Encoding", "chunked"]]),
    ],
    [
      "a Content-Length that is wrong",
      "FINWAIT_CONTENT_MISMATCH",
      (exchange) => exchange.respond(200, [["Content-Length", "4"]], "hello"),
    ],
    [
      "content announced for 204",
      "FINWAIT_CONTENT_FORBIDDEN",
      (exchange) => exchange.startResponse(204, [], 5),
    ],
    [
      "write before a start",
      "FINWAIT_RESPONSE_NOT_STARTED",
      (exchange) => exchange.write(bytes("x")),
    ],
    ["an end before a start", "FINWAIT_RESPONSE_NOT_STARTED", (exchange) => exchange.endResponse()],
  ];
  for (const [what, code, act] of wrong) {
    it(`${what}: is refused, and another response is still possible`, () => {
      const { peer, exchange } = play();
      assert.throws(() => act(exchange), mistake(code));
      assert.equal(exchange.isResponseStarted, false);
      assert.equal(peer.text, "");
      exchange.respond(200, []);
      assert.deepEqual(peer.statuses, [200]);
    });
  }
});

describe("startResponse", () => {
  it("a length: content as it is, and the connection persists", () => {
    const { peer, exchange } = play();
    exchange.startResponse(200, [], 6);
    exchange.write(bytes("one"));
    exchange.write(bytes("two"));
    exchange.endResponse();
    assert.equal(contentOf(peer.text), "onetwo");
    assert.equal(peer.transport.isFinSent, false);
  });

  it("no length: chunked, and an empty piece is no last chunk", () => {
    const { peer, exchange } = play();
    exchange.startResponse(200, [], null);
    exchange.write(bytes("one"));
    exchange.write(new Uint8Array(0));
    exchange.endResponse([["Sum", "1"]]);
    assert.equal(contentOf(peer.text), "3\r\none\r\n0\r\nSum: 1\r\n\r\n");
  });

  it("no length in HTTP/1.0: ends with the connection", () => {
    const { peer, exchange } = play(requestText("GET /", ["Connection: keep-alive"], "1.0"));
    exchange.startResponse(200, [], null);
    exchange.write(bytes("one"));
    exchange.endResponse([["Sum", "1"]]);
    assert.match(peer.text, /Connection: close/);
    assert.equal(contentOf(peer.text), "one");
    assert.ok(peer.transport.isFinSent);
  });

  it("HEAD without a length: head only, and the connection persists", () => {
    const { peer, exchange } = play(requestText("HEAD /"));
    exchange.startResponse(200, [], null);
    assert.throws(() => exchange.write(bytes("x")), mistake("FINWAIT_CONTENT_FORBIDDEN"));
    exchange.endResponse();
    assert.equal(contentOf(peer.text), "");
    assert.equal(peer.transport.isFinSent, false);
  });

  it("more than announced: is refused, and what was announced can still be sent", () => {
    const { peer, exchange } = play();
    exchange.startResponse(200, [], 3);
    assert.throws(() => exchange.write(bytes("four")), mistake("FINWAIT_CONTENT_MISMATCH"));
    exchange.write(bytes("one"));
    exchange.endResponse();
    assert.equal(contentOf(peer.text), "one");
  });

  it("less than announced: is refused, and the response is cut, not completed", () => {
    const { peer, exchange, server } = play();
    exchange.startResponse(200, [], 3);
    exchange.write(bytes("on"));
    assert.throws(() => exchange.endResponse(), mistake("FINWAIT_CONTENT_MISMATCH"));
    assert.ok(exchange.isAborted);
    assert.equal(peer.finish().reason, "response-incomplete");
    assert.equal(server.records[0]?.isComplete, false);
  });

  it("trailers that rule the framing: are refused, and the last chunk is not sent", () => {
    const { peer, exchange } = play();
    exchange.startResponse(200, [], null);
    const end = (): void => exchange.endResponse([["Content-Length", "1"]]);
    assert.throws(end, mistake("FINWAIT_FIELD_RESERVED"));
    assert.equal(contentOf(peer.text), "");
    assert.ok(peer.transport.isFinSent);
  });

  it("twice, written after the end, ended twice: are refused", () => {
    const { exchange } = play();
    exchange.startResponse(200, [], null);
    const start = (): void => exchange.startResponse(200, [], null);
    assert.throws(start, mistake("FINWAIT_RESPONSE_STARTED"));
    exchange.endResponse();
    assert.throws(() => exchange.write(bytes("x")), mistake("FINWAIT_RESPONSE_NOT_STARTED"));
    assert.throws(() => exchange.endResponse(), mistake("FINWAIT_RESPONSE_NOT_STARTED"));
  });
});

describe("write with a slow peer", () => {
  const options = { limits: { sendBufferLimitBytes: 100 } };

  it("up to the limit: goes on; beyond it: waits until all is gone", async () => {
    const { peer, exchange } = play(requestText(), options);
    exchange.startResponse(200, [], null);
    peer.transport.roomBytes = 0;
    assert.equal(exchange.write(new Uint8Array(50)), true);
    assert.equal(exchange.write(new Uint8Array(50)), false);
    let isWritable = false;
    const writable = exchange.whenWritable().then(() => {
      isWritable = true;
    });
    peer.transport.take(60);
    await settled();
    assert.equal(isWritable, false);
    peer.transport.take();
    await writable;
    assert.equal(exchange.write(new Uint8Array(50)), true);
  });

  it("in the handler's first step, to a peer that reads: does not wait for ever", async () => {
    let isDone = false;
    const server = new FakeServer(async (exchange) => {
      exchange.startResponse(200, [], null);
      for (let count = 0; count < 3; count++) {
        if (!exchange.write(new Uint8Array(150))) await exchange.whenWritable();
      }
      exchange.endResponse();
      isDone = true;
    }, options);
    server.connect().send(requestText());
    await settled();
    assert.ok(isDone);
  });

  it("whenWritable of a response that is ended meanwhile: resolves", async () => {
    const { peer, exchange } = play(requestText(), options);
    exchange.startResponse(200, [], null);
    peer.transport.roomBytes = 0;
    exchange.write(new Uint8Array(150));
    const writable = exchange.whenWritable();
    exchange.endResponse();
    await writable;
  });

  it("whenWritable before, between and after: resolves at once", async () => {
    const { exchange } = play(requestText(), options);
    await exchange.whenWritable();
    exchange.startResponse(200, [], null);
    await exchange.whenWritable();
    exchange.endResponse();
    await exchange.whenWritable();
  });
});

describe("abortResponse", () => {
  it("before the start: 500, and the connection persists", () => {
    const { peer, exchange, server } = play();
    exchange.abortResponse("handler-failed");
    assert.deepEqual(peer.statuses, [500]);
    assert.equal(exchange.isAborted, false);
    assert.equal(server.records[0]?.isComplete, true);
    assert.equal(peer.transport.isFinSent, false);
  });

  it("within a response of known length: FIN before its end", () => {
    const { peer, exchange } = play();
    exchange.startResponse(200, [], 10);
    exchange.write(bytes("half"));
    exchange.abortResponse("content-failed");
    assert.equal(contentOf(peer.text), "half");
    assert.deepEqual(
      [peer.finish().reason, peer.ending.outcome.type],
      ["response-incomplete", "clean"],
    );
  });

  it("within a chunked response: FIN without the last chunk", () => {
    const { peer, exchange } = play();
    exchange.startResponse(200, [], null);
    exchange.write(bytes("half"));
    exchange.abortResponse("content-failed");
    assert.equal(contentOf(peer.text), "4\r\nhalf\r\n");
    assert.ok(peer.transport.isFinSent);
  });

  it("within content that the connection ends: RST, because FIN would complete it", () => {
    const { peer, exchange } = play(requestText("GET /", [], "1.0"));
    exchange.startResponse(200, [], null);
    exchange.write(bytes("half"));
    exchange.abortResponse("content-failed");
    assert.deepEqual(peer.ending.outcome, { type: "reset-by-local", bound: null });
    assert.equal(peer.transport.release, "reset");
    assert.equal(peer.transport.isFinSent, false);
  });

  it("after the end, and twice: does nothing", () => {
    const { peer, exchange } = play();
    exchange.startResponse(200, [], null);
    exchange.abortResponse("content-failed");
    exchange.abortResponse("content-failed");
    exchange.respond(200, []);
    assert.equal(exchange.write(bytes("x")), true);
    exchange.endResponse();
    assert.deepEqual(peer.statuses, [200]);
    const whole = play();
    whole.exchange.respond(200, []);
    whole.exchange.abortResponse("content-failed");
    assert.equal(whole.peer.transport.isFinSent, false);
  });

  it("with a request body on its way: whoever reads it is told", async () => {
    const { exchange } = play(postText(10, "x"));
    exchange.body.claim();
    exchange.startResponse(200, [], null);
    await exchange.body.read();
    const read = exchange.body.read();
    exchange.abortResponse("content-failed");
    await assert.rejects(read, { code: "FINWAIT_BODY_GIVEN_UP" });
  });
});

describe("onAbort", () => {
  it("a response in progress: hears the reason, once per listener", () => {
    const { exchange, peer } = play();
    const heard: string[] = [];
    exchange.onAbort((reason) => heard.push(`a ${reason}`));
    exchange.onAbort((reason) => heard.push(`b ${reason}`));
    exchange.startResponse(200, [], null);
    exchange.abortResponse("content-failed");
    peer.transport.peerReset();
    assert.deepEqual(heard, ["a content-failed", "b content-failed"]);
  });

  it("a response that is complete: hears nothing", () => {
    const { exchange, peer } = play();
    const heard: string[] = [];
    exchange.onAbort((reason) => heard.push(reason));
    exchange.respond(200, []);
    exchange.onAbort((reason) => heard.push(reason));
    peer.transport.peerReset();
    assert.deepEqual(heard, []);
  });

  it("a listener that throws: the others hear, and the connection ends as it would", () => {
    const { exchange, peer, server } = play();
    const heard: string[] = [];
    exchange.onAbort(() => {
      throw new Error("listener");
    });
    exchange.onAbort((reason) => heard.push(reason));
    peer.transport.peerReset();
    assert.deepEqual(heard, ["peer-gone"]);
    assert.equal(peer.ending.outcome.type, "reset-by-peer");
    assert.equal(peer.transport.release, "close");
    assert.deepEqual(server.errors, [new Error("listener")]);
    assert.equal(server.context.readersInUse.size, 0);
  });
});

describe("closeAfterResponse", () => {
  it("before the head: says close", () => {
    const { exchange, peer } = play();
    exchange.closeAfterResponse();
    exchange.respond(200, []);
    assert.match(peer.text, /Connection: close/);
    assert.equal(peer.finish().reason, "handler-asked");
  });

  it("behind the head: closes without having said so", () => {
    const { exchange, peer } = play();
    exchange.startResponse(200, [], null);
    exchange.closeAfterResponse();
    exchange.endResponse();
    assert.doesNotMatch(peer.text, /Connection: close/);
    assert.equal(peer.finish().reason, "handler-asked");
  });

  it("after the end: changes nothing any more", () => {
    const { exchange, peer } = play();
    exchange.respond(200, []);
    exchange.closeAfterResponse();
    assert.equal(peer.transport.isFinSent, false);
  });
});

describe("a handler that fails", () => {
  const failing: readonly (readonly [string, Handler])[] = [
    [
      "throws",
      () => {
        throw new Error("failed");
      },
    ],
    ["rejects", () => Promise.reject(new Error("failed"))],
  ];
  for (const [how, handler] of failing) {
    it(`${how} before a response: 500 without detail, and the error is reported`, async () => {
      const server = new FakeServer(handler);
      const peer = server.connect();
      peer.send(requestText());
      await settled();
      assert.deepEqual(peer.statuses, [500]);
      assert.doesNotMatch(peer.text, /failed/);
      assert.deepEqual(server.errors, [new Error("failed")]);
      assert.equal(peer.transport.isFinSent, false);
    });
  }

  it("throws within a response: it is cut", () => {
    const server = new FakeServer((exchange) => {
      exchange.startResponse(200, [], 10);
      throw new Error("failed");
    });
    const peer = server.connect();
    peer.send(requestText());
    assert.equal(peer.finish().reason, "response-incomplete");
    assert.deepEqual(server.errors, [new Error("failed")]);
  });

  it("rejects after a response: is reported, and changes nothing", async () => {
    const server = new FakeServer(async (exchange) => {
      exchange.respond(200, []);
      throw new Error("failed");
    });
    const peer = server.connect();
    peer.send(requestText() + requestText());
    await settled();
    assert.deepEqual(peer.statuses, [200, 200]);
    assert.equal(server.errors.length, 2);
    assert.equal(peer.transport.isFinSent, false);
  });

  it("resolves without a response: 500, and is reported", async () => {
    const server = new FakeServer(async () => {});
    const peer = server.connect();
    peer.send(requestText());
    await settled();
    assert.deepEqual(peer.statuses, [500]);
    assert.deepEqual(server.errors, [new Error("The handler returned without a response")]);
  });

  it("rejects for another reason after the peer is gone: is reported", async () => {
    const server = new FakeServer(async ({ body }) => {
      await body.read().catch(() => {});
      throw new Error("failed");
    });
    const peer = server.connect();
    peer.send(postText(10));
    peer.transport.peerReset();
    await settled();
    assert.deepEqual(server.errors, [new Error("failed")]);
    assert.equal(peer.text, "");
  });
});
