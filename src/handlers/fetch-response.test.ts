import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeExchange } from "./fetch-fake-exchange.ts";
import { LightResponse } from "./fetch-light-response.ts";
import { sendResponse } from "./fetch-response.ts";

// Goal: what goes out for each kind of Response. How: one response is sent through an exchange in
// memory, and what that recorded is compared.

async function sent(value: unknown, method = "GET") {
  const exchange = new FakeExchange({ method });
  await sendResponse(exchange, value);
  return exchange;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A stream whose chunks are pushed by the test, and which says whether it was cancelled. */
function pushedStream(...first: unknown[]) {
  let controller: ReadableStreamDefaultController<unknown> | undefined;
  const state = { pullCount: 0, cancelReason: undefined as unknown, isCancelled: false };
  const stream = new ReadableStream<unknown>(
    {
      start: (given) => {
        controller = given;
        for (const chunk of first) given.enqueue(chunk);
      },
      pull: () => {
        state.pullCount += 1;
      },
      cancel: (reason) => {
        state.isCancelled = true;
        state.cancelReason = reason;
      },
    },
    { highWaterMark: 0 },
  );
  assert.ok(controller);
  // The type of Response bodies for Node 20 asks for iterables, which web streams are.
  return { stream: stream as ReadableStream<Uint8Array>, controller, state };
}

describe("whole responses", () => {
  for (const make of [Response, LightResponse]) {
    const name = make === Response ? "Response" : "LightResponse";
    it(`${name} of a string: one piece with its length`, async () => {
      const exchange = await sent(new make("grün", { status: 201, headers: { "x-a": "b" } }));
      assert.equal(exchange.status, 201);
      assert.equal(exchange.text, "grün");
      assert.equal(exchange.isWhole, true);
      assert.deepEqual(exchange.values("content-type"), ["text/plain;charset=UTF-8"]);
      assert.deepEqual(exchange.values("x-a"), ["b"]);
    });

    it(`${name} of null: no content`, async () => {
      const exchange = await sent(new make(null, { status: 204 }));
      assert.equal(exchange.status, 204);
      assert.equal(exchange.isWhole, true);
      assert.equal(exchange.text, "");
    });

    it(`${name} with two Set-Cookie: two field lines`, async () => {
      const response = new make("x");
      response.headers.append("set-cookie", "a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT");
      response.headers.append("set-cookie", "c=d");
      assert.equal((await sent(response)).values("set-cookie").length, 2);
    });

    it(`${name} with a wrong Content-Length: throws, nothing is sent`, async () => {
      const exchange = new FakeExchange();
      const response = new make("abc", { headers: { "content-length": "2" } });
      await assert.rejects(async () => sendResponse(exchange, response), /mismatch/);
      assert.equal(exchange.isResponseStarted, false);
    });

    it(`${name} with an empty string: an empty response`, async () => {
      const exchange = await sent(new make(""));
      assert.equal(exchange.isWhole, true);
      assert.equal(exchange.text, "");
    });
  }

  it("LightResponse, and any response without a body: nothing is left to wait for", () => {
    assert.equal(sendResponse(new FakeExchange(), new LightResponse("x")), undefined);
    assert.equal(sendResponse(new FakeExchange(), new Response(null)), undefined);
  });

  it("LightResponse whose body was touched: is still sent", async () => {
    const response = new LightResponse("x");
    assert.ok(response.body);
    assert.equal((await sent(response)).text, "x");
  });

  it("bytes: are sent as they are", async () => {
    const exchange = await sent(new Response(new Uint8Array([0xff, 0x00])));
    assert.deepEqual([...Buffer.concat(exchange.pieces)], [0xff, 0x00]);
  });

  it("a response like those of another realm: is sent", async () => {
    const headers = new Map([["x-a", "b"]]);
    const exchange = await sent({ status: 200, headers, body: "text" });
    assert.equal(exchange.text, "text");
    assert.deepEqual(exchange.values("x-a"), ["b"]);
    assert.equal((await sent({ status: 200, headers })).text, "");
  });

  it("a body that can only be iterated: is streamed", async () => {
    const body = (async function* () {
      yield encode("a");
      yield encode("b");
    })();
    assert.equal((await sent({ status: 200, headers: new Headers(), body })).text, "ab");
  });
});

describe("fields", () => {
  it("fields about the connection: are left out", async () => {
    const headers = {
      "keep-alive": "timeout=99",
      "transfer-encoding": "chunked",
      upgrade: "h2c",
      te: "trailers",
      trailer: "x",
      "proxy-connection": "keep-alive",
      connection: "keep-alive",
      "x-a": "b",
    };
    const exchange = await sent(new Response(null, { headers }));
    assert.deepEqual(exchange.responseFields, [["x-a", "b"]]);
    assert.equal(exchange.isClosing, false);
  });

  it("Connection: close: closes after the response", async () => {
    const response = new LightResponse("x", { headers: { Connection: "Upgrade, Close" } });
    assert.equal((await sent(response)).isClosing, true);
  });

  it("a compressed response of fetch(): loses the fields that no longer hold", async () => {
    const headers = new Headers({ "content-encoding": "gzip", "content-length": "3", etag: '"x"' });
    const fetched = { status: 200, headers, body: "longer", url: "http://up.example/" };
    assert.deepEqual((await sent(fetched)).responseFields, [["etag", '"x"']]);
  });

  it("a response with Content-Encoding of the handler's own: keeps it", async () => {
    const response = new Response("x", { headers: { "content-encoding": "gzip" } });
    assert.deepEqual((await sent(response)).values("content-encoding"), ["gzip"]);
  });

  it("a response of fetch() in a coding that fetch() does not know: keeps it", async () => {
    const headers = new Headers({ "content-encoding": "compress" });
    const fetched = { status: 200, headers, body: "x", url: "http://up.example/" };
    assert.deepEqual((await sent(fetched)).values("content-encoding"), ["compress"]);
  });
});

describe("HEAD and statuses without content", () => {
  it("HEAD with a stream: it is cancelled unread, and no length is announced", async () => {
    const { stream, state } = pushedStream();
    const exchange = await sent(new Response(stream), "HEAD");
    assert.equal(exchange.state, "complete");
    assert.equal(exchange.announcedBytes, null);
    assert.equal(state.pullCount, 0);
    assert.equal(state.isCancelled, true);
  });

  it("HEAD with Content-Length: announces it", async () => {
    const headers = { "content-length": "77" };
    const exchange = await sent(new Response(null, { headers }), "HEAD");
    assert.equal(exchange.announcedBytes, 77);
    assert.equal(exchange.text, "");
  });

  it("HEAD with null and no Content-Length: announces none rather than 0", async () => {
    assert.equal((await sent(new Response(null), "HEAD")).announcedBytes, null);
  });

  it("HEAD with a LightResponse: announces the length that GET would have", async () => {
    const exchange = await sent(new LightResponse("grün"), "HEAD");
    assert.equal(exchange.announcedBytes, 5);
    assert.equal(exchange.text, "");
  });

  for (const status of [204, 205, 304]) {
    it(`${status} with a stream: it is cancelled, nothing of it is sent`, async () => {
      const { stream, state } = pushedStream();
      const exchange = await sent({ status, headers: new Headers(), body: stream });
      assert.equal(exchange.status, status);
      assert.equal(exchange.isWhole, true);
      assert.equal(state.isCancelled, true);
    });
  }
});

describe("what cannot be sent", () => {
  const used = new Response("x");
  used.text();
  const locked = new Response("x");
  locked.body?.getReader();
  // Read to its end and unlocked: only `bodyUsed` tells it from an empty one.
  const spent = {
    status: 200,
    headers: new Headers(),
    body: pushedStream().stream,
    bodyUsed: true,
  };
  const cases: [name: string, value: unknown][] = [
    ["undefined", undefined],
    ["null", null],
    ["a string", "x"],
    ["an object without status", { headers: new Headers() }],
    ["headers that cannot be iterated", { status: 200, headers: {} }],
    ["Response.error()", Response.error()],
    ["status 101", { status: 101, headers: new Headers() }],
    ["status 600", { status: 600, headers: new Headers() }],
    ["a used body", used],
    ["a used body that is not locked", spent],
    ["a locked body", locked],
    ["a body of another kind", { status: 200, headers: new Headers(), body: 7 }],
  ];
  for (const [name, value] of cases) {
    it(`${name}: throws TypeError, nothing is sent`, async () => {
      const exchange = new FakeExchange();
      await assert.rejects(async () => sendResponse(exchange, value), TypeError);
      assert.equal(exchange.isResponseStarted, false);
    });
  }
});

describe("streams", () => {
  it("one chunk, then the end at once: one piece with its length", async () => {
    const { stream, controller } = pushedStream(encode("abc"));
    controller.close();
    const exchange = await sent(new Response(stream));
    assert.equal(exchange.isWhole, true);
    assert.equal(exchange.announcedBytes, 3);
  });

  it("one chunk, then silence: the chunk is sent before anything else happens", async () => {
    const { stream, controller } = pushedStream(encode("first"));
    const exchange = new FakeExchange();
    const sending = sendResponse(exchange, new Response(stream));
    let isImmediate = false;
    setImmediate(() => {
      isImmediate = true;
    });
    await exchange.until(() => exchange.pieces.length > 0);
    assert.equal(isImmediate, false);
    assert.equal(exchange.text, "first");
    assert.equal(exchange.announcedBytes, null);
    controller.enqueue(encode(" second"));
    controller.close();
    await sending;
    assert.equal(exchange.text, "first second");
    assert.equal(exchange.state, "complete");
  });

  it("two chunks that are there: both, in order", async () => {
    const { stream, controller } = pushedStream(encode("a"), encode("b"));
    controller.close();
    const exchange = await sent(new Response(stream));
    assert.equal(exchange.text, "ab");
    assert.equal(exchange.pieces.length, 2);
  });

  it("no chunk: an empty response", async () => {
    const { stream, controller } = pushedStream();
    controller.close();
    const exchange = await sent(new Response(stream));
    assert.equal(exchange.isWhole, true);
    assert.equal(exchange.text, "");
  });

  it("Content-Length: is announced", async () => {
    const { stream, controller } = pushedStream(encode("a"), encode("b"));
    controller.close();
    const exchange = await sent(new Response(stream, { headers: { "content-length": "2" } }));
    assert.equal(exchange.announcedBytes, 2);
  });

  it("fewer bytes than Content-Length: rejects, and the response is aborted", async () => {
    const { stream, controller } = pushedStream(encode("a"), encode("b"));
    controller.close();
    const exchange = new FakeExchange();
    const response = new Response(stream, { headers: { "content-length": "9" } });
    await assert.rejects(async () => sendResponse(exchange, response), /less content/);
    assert.equal(exchange.state, "aborted");
  });

  it("chunks that are strings: are sent as UTF-8", async () => {
    const { stream, controller } = pushedStream("gr", "ün");
    controller.close();
    assert.equal((await sent(new Response(stream))).text, "grün");
  });

  it("chunks that are no bytes: rejects, and the stream is cancelled", async () => {
    const { stream, state } = pushedStream(7);
    await assert.rejects(sent(new Response(stream)), TypeError);
    assert.equal(state.isCancelled, true);
  });

  it("peer slower than the stream: nothing is read ahead until it catches up", async () => {
    const { stream, controller, state } = pushedStream(encode("a"), encode("b"), encode("c"));
    const exchange = new FakeExchange();
    exchange.isWritable = false;
    const sending = sendResponse(exchange, new Response(stream));
    await exchange.until(() => exchange.pieces.length > 0);
    await new Promise(setImmediate);
    assert.equal(exchange.text, "a");
    assert.equal(state.pullCount, 0);
    exchange.becomeWritable();
    await exchange.until(() => exchange.pieces.length === 3);
    controller.close();
    await sending;
    assert.equal(exchange.text, "abc");
  });

  it("peer slow again and again: each piece waits for the one before", async () => {
    const { stream, controller } = pushedStream(encode("a"), encode("b"), encode("c"));
    controller.close();
    const exchange = new FakeExchange();
    exchange.isWritable = false;
    const sending = sendResponse(exchange, new Response(stream));
    for (const text of ["a", "ab", "abc"]) {
      await exchange.until(() => exchange.text.length >= text.length);
      await new Promise(setImmediate);
      assert.equal(exchange.text, text);
      exchange.becomeWritable();
      exchange.isWritable = false;
    }
    await sending;
    assert.equal(exchange.state, "complete");
  });

  it("peer gone while the stream is silent: it is cancelled, nothing rejects", async () => {
    const { stream, state } = pushedStream(encode("a"));
    const exchange = new FakeExchange();
    const sending = sendResponse(exchange, new Response(stream));
    await exchange.until(() => exchange.pieces.length > 0);
    exchange.lose();
    await sending;
    assert.equal(state.isCancelled, true);
    assert.ok(state.cancelReason instanceof DOMException);
    assert.equal(exchange.state, "aborted");
  });

  it("peer gone before the first chunk: it is cancelled", async () => {
    const { stream, state } = pushedStream();
    const exchange = new FakeExchange();
    const sending = sendResponse(exchange, new Response(stream));
    exchange.lose();
    await sending;
    assert.equal(state.isCancelled, true);
  });

  it("peer gone while it is slow: it is cancelled", async () => {
    const { stream, state } = pushedStream(encode("a"), encode("b"));
    const exchange = new FakeExchange();
    exchange.isWritable = false;
    const sending = sendResponse(exchange, new Response(stream));
    await exchange.until(() => exchange.pieces.length > 0);
    exchange.lose();
    await sending;
    assert.equal(state.isCancelled, true);
    assert.equal(exchange.text, "a");
  });

  it("peer gone before the response: its body is cancelled, nothing is sent", async () => {
    const { stream, state } = pushedStream(encode("a"));
    const exchange = new FakeExchange();
    exchange.lose();
    await sendResponse(exchange, new Response(stream));
    assert.equal(state.isCancelled, true);
    assert.equal(exchange.text, "");
    await sendResponse(exchange, new LightResponse("x"));
  });

  it("answered by the server meanwhile: the body is cancelled, nothing is thrown", async () => {
    const { stream, controller, state } = pushedStream();
    const exchange = new FakeExchange();
    const sending = sendResponse(exchange, new Response(stream));
    exchange.respond(413, []);
    controller.enqueue(encode("late"));
    await sending;
    assert.equal(exchange.status, 413);
    assert.equal(state.isCancelled, true);
  });

  it("error before the first chunk: rejects, nothing is sent", async () => {
    const { stream, controller } = pushedStream();
    controller.error(new Error("boom"));
    const exchange = new FakeExchange();
    await assert.rejects(async () => sendResponse(exchange, new Response(stream)), /boom/);
    assert.equal(exchange.isResponseStarted, false);
  });

  it("cancel that fails: is nobody's rejection", async () => {
    const stream = new ReadableStream<Uint8Array>({
      cancel: () => Promise.reject(new Error("cannot clean up")),
    });
    const exchange = await sent(new Response(stream), "HEAD");
    await new Promise(setImmediate);
    assert.equal(exchange.state, "complete");
  });
});
