import assert from "node:assert/strict";
import { inspect } from "node:util";
import { describe, it } from "vitest";
import { FakeExchange, type FakeExchangeOptions } from "./fetch-fake-exchange.ts";
import { LightRequest, nativeRequest } from "./fetch-request.ts";

// Goal: the light request is a Request in every way that a handler can see, and makes nothing that
// nobody touches. How: each member is used once on a request over an exchange in memory.

function lightRequest(options: FakeExchangeOptions = {}) {
  const exchange = new FakeExchange(options);
  return { exchange, request: new LightRequest(exchange, { watch: () => {} }) };
}
const post = (...chunks: (string | Uint8Array | Error)[]) =>
  lightRequest({ method: "POST", chunks, fields: [["Content-Type", "text/plain"]] });

/** Node 20 and 22 keep the state of a Request under symbols, later ones in private fields. */
const HAS_SYMBOL_STATE = Object.getOwnPropertySymbols(new Request("http://a/")).length > 0;

describe("LightRequest", () => {
  it("any: is an instance of the global Request, and says so by its constructor", () => {
    const { request } = lightRequest();
    assert.ok(request instanceof Request);
    assert.equal(request.constructor, Request);
    assert.equal(Object.prototype.toString.call(request), "[object Request]");
  });

  it("method and url: are those of the exchange", () => {
    const { request } = lightRequest({ method: "PATCH", target: "/x?y" });
    assert.equal(request.method, "PATCH");
    assert.equal(request.url, "http://a.example/x?y");
  });

  it("ip: is the peer's address", () => {
    assert.equal(lightRequest().request.ip, "192.0.2.1");
  });

  it("headers: a real Headers with joined lines, the same object each time", () => {
    const fields = [
      ["Accept", "a"],
      ["accept", "b"],
      ["Cookie", "c=d"],
      ["Cookie", "e=f"],
    ] as const;
    const { request } = lightRequest({ fields });
    assert.ok(request.headers instanceof Headers);
    assert.equal(request.headers.get("ACCEPT"), "a, b");
    assert.equal(request.headers.get("cookie"), "c=d; e=f");
    assert.equal(request.headers, request.headers);
  });

  it("every member of Request.prototype: answers without a throw", () => {
    const { request } = lightRequest();
    for (const name of Object.getOwnPropertyNames(Request.prototype)) {
      assert.doesNotThrow(() => Reflect.get(request, name), `member ${name}`);
    }
  });

  it("constant properties: are those of a Request made from a URL", () => {
    const { request } = lightRequest();
    const real = new Request("http://a.example/");
    for (const name of [
      "cache",
      "credentials",
      "destination",
      "duplex",
      "integrity",
      "keepalive",
      "mode",
      "redirect",
      "referrer",
      "referrerPolicy",
      "isReloadNavigation",
      "isHistoryNavigation",
    ]) {
      assert.equal(Reflect.get(request, name), Reflect.get(real, name), name);
    }
  });

  it("a member that the light class does not define: is answered by a real Request", () => {
    const prototype = Object.getPrototypeOf(LightRequest.prototype);
    assert.equal(prototype, Request.prototype);
    const missing = Object.getOwnPropertyNames(Request.prototype).filter(
      (name) => !Object.hasOwn(LightRequest.prototype, name) && name !== "constructor",
    );
    // Only members that are neither methods nor accessors may be left to the prototype chain.
    for (const name of missing)
      assert.notEqual(typeof Reflect.get(Request.prototype, name), "function");
  });

  it("inspect: prints it as a Request", () => {
    assert.match(inspect(lightRequest().request), /Request \{[\s\S]*method: 'GET'/);
  });
});

describe("body", () => {
  it("untouched: nothing is read and nobody listens for an abort", () => {
    const { exchange, request } = post("a");
    assert.equal(request.method + request.url, "POSThttp://a.example/");
    assert.equal(exchange.body.readCount, 0);
    assert.equal(exchange.abortListenerCount, 0);
  });

  it("GET, HEAD, or no content: is null", () => {
    assert.equal(lightRequest({ method: "GET", chunks: ["x"] }).request.body, null);
    assert.equal(lightRequest({ method: "HEAD", chunks: ["x"] }).request.body, null);
    assert.equal(lightRequest({ method: "POST" }).request.body, null);
  });

  it("no content: text is empty, any number of times", async () => {
    const { request } = lightRequest();
    assert.equal(await request.text(), "");
    assert.equal((await request.arrayBuffer()).byteLength, 0);
    assert.equal(request.bodyUsed, false);
    await assert.rejects(request.json(), SyntaxError);
  });

  it("touched, not read: claims the content and reads nothing", async () => {
    const { exchange, request } = post("a");
    assert.ok(request.body instanceof ReadableStream);
    assert.equal(request.body, request.body);
    await new Promise(setImmediate);
    assert.equal(exchange.body.readCount, 0);
    assert.equal(exchange.body.isClaimed, true);
    assert.equal(request.bodyUsed, false);
  });

  it("read once: one read of the exchange, not more", async () => {
    const { exchange, request } = post("abc", "def");
    const reader = request.body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    assert.equal(Buffer.from(value ?? []).toString(), "abc");
    await new Promise(setImmediate);
    assert.equal(exchange.body.readCount, 1);
    assert.equal(request.bodyUsed, true);
  });

  it("streamed: the memory of the exchange stays intact", async () => {
    const shared = new Uint8Array(Buffer.from("abcdef"));
    const { request } = post(shared.subarray(0, 3));
    let text = "";
    for await (const bytes of request.body ?? []) text += Buffer.from(bytes).toString();
    assert.equal(text, "abc");
    assert.equal(Buffer.from(shared).toString(), "abcdef");
  });

  it("empty pieces: are skipped", async () => {
    const { request } = post("", "a", "", "b");
    let text = "";
    for await (const bytes of request.body ?? []) text += Buffer.from(bytes).toString();
    assert.equal(text, "ab");
  });

  it("BYOB reader: is served and ended", async () => {
    const { request } = post("ab");
    const reader = request.body?.getReader({ mode: "byob" });
    const first = await reader?.read(new Uint8Array(8));
    assert.equal(Buffer.from(first?.value ?? []).toString(), "ab");
    assert.equal((await reader?.read(new Uint8Array(8)))?.done, true);
  });

  it("read error in a stream: rejects with that very error", async () => {
    const failure = new Error("gone");
    const { request } = post("a", failure);
    const reader = request.body?.getReader();
    await reader?.read();
    await assert.rejects(async () => reader?.read(), failure);
    assert.equal(LightRequest.readFailure(request), failure);
  });
});

describe("text and its like", () => {
  it("several chunks: are joined before they are decoded", async () => {
    const bytes = Buffer.from("grün");
    const { request } = post(bytes.subarray(0, 3), bytes.subarray(3));
    assert.equal(await request.text(), "grün");
    assert.equal(request.bodyUsed, true);
  });

  it("byte order mark: is dropped", async () => {
    assert.equal(await post(Buffer.from("\uFEFFhi")).request.text(), "hi");
  });

  it("bytes that are not UTF-8: become U+FFFD", async () => {
    assert.equal(await post(new Uint8Array([0x61, 0xff])).request.text(), "a\uFFFD");
  });

  it("json: is parsed", async () => {
    assert.deepEqual(await post('{"a":', "1}").request.json(), { a: 1 });
  });

  it("arrayBuffer and bytes: are memory of their own, of the exact length", async () => {
    const shared = new Uint8Array(Buffer.from("abcdef"));
    const buffer = await post(shared.subarray(1, 3)).request.arrayBuffer();
    assert.deepEqual([...new Uint8Array(buffer)], [0x62, 0x63]);
    const bytes = await post(shared.subarray(1, 3)).request.bytes();
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    bytes[0] = 0;
    assert.equal(Buffer.from(shared).toString(), "abcdef");
  });

  it("blob and formData: know the content type", async () => {
    assert.equal((await post("x").request.blob()).type, "text/plain");
    const fields = [["Content-Type", "application/x-www-form-urlencoded"]] as const;
    const { request } = lightRequest({ method: "POST", fields, chunks: ["a=b&c", "=d"] });
    assert.equal((await request.formData()).get("c"), "d");
  });

  it("a second time: rejects with TypeError", async () => {
    const { request } = post("a");
    await request.text();
    for (const again of ["text", "json", "arrayBuffer", "bytes", "blob", "formData"] as const) {
      await assert.rejects(async () => request[again](), TypeError, again);
    }
  });

  it("after the stream was read: rejects with TypeError", async () => {
    const { request } = post("a", "b");
    await request.body?.getReader().read();
    await assert.rejects(request.text(), TypeError);
  });

  it("after the stream was touched only: reads it", async () => {
    const { request } = post("a", "b");
    assert.ok(request.body);
    assert.equal(await request.text(), "ab");
    assert.equal(request.bodyUsed, true);
  });

  it("body after text: is a stream that has been read", async () => {
    const { request } = post("a");
    await request.text();
    assert.throws(
      () => new Request("http://a/", { method: "POST", body: request.body }),
      TypeError,
    );
  });

  it("read error: rejects with that very error", async () => {
    const failure = new Error("gone");
    await assert.rejects(post("a", failure).request.text(), failure);
    await assert.rejects(post(failure).request.json(), failure);
  });
});

describe("signal", () => {
  it("peer gone: aborts with an AbortError", () => {
    const { exchange, request } = lightRequest();
    const { signal } = request;
    assert.equal(signal.aborted, false);
    exchange.lose();
    assert.equal(signal.aborted, true);
    assert.equal(signal.reason.name, "AbortError");
  });

  it("first touched after the peer is gone: is aborted at once", () => {
    const { exchange, request } = lightRequest();
    exchange.lose();
    assert.equal(request.signal.aborted, true);
  });

  it("response complete: does not abort", () => {
    const { exchange, request } = lightRequest();
    const { signal } = request;
    exchange.respond(200, []);
    exchange.lose();
    assert.equal(signal.aborted, false);
  });

  it("touched twice: the same signal, one listener", () => {
    const { exchange, request } = lightRequest();
    assert.equal(request.signal, request.signal);
    assert.equal(exchange.abortListenerCount, 1);
  });
});

describe("use as a Request", () => {
  it("new Request(url, request): takes method, headers, body and signal over", async () => {
    const { exchange, request } = post("hello");
    const copy = new Request("http://b.example/", request);
    assert.equal(copy.method, "POST");
    assert.equal(copy.headers.get("content-type"), "text/plain");
    assert.equal(await copy.text(), "hello");
    exchange.lose();
    assert.equal(copy.signal.aborted, true);
  });

  it("new Request(nativeRequest(request)): works on every runtime", async () => {
    const { request } = post("hello");
    const copy = new Request(nativeRequest(request), { headers: { a: "b" } });
    assert.equal(copy.url, "http://a.example/");
    assert.equal(await copy.text(), "hello");
    assert.equal(request.bodyUsed, true);
  });

  it.runIf(HAS_SYMBOL_STATE)(
    "new Request(request): works where state is under symbols",
    async () => {
      const { request } = post("hello");
      const copy = new Request(request, { headers: { a: "b" } });
      assert.equal(copy.url, "http://a.example/");
      assert.equal(await copy.text(), "hello");
    },
  );

  it("nativeRequest: one per request, and any other Request is returned as it is", () => {
    const { request } = lightRequest();
    assert.equal(nativeRequest(request), nativeRequest(request));
    const real = new Request("http://a.example/");
    assert.equal(nativeRequest(real), real);
  });

  it("native made after text: is a used request, and a new body can replace it", async () => {
    const { request } = post("hello");
    await request.text();
    const native = nativeRequest(request);
    assert.equal(native.bodyUsed, true);
    assert.throws(() => new Request(native), TypeError);
    assert.equal(await new Request(native, { body: "other" }).text(), "other");
  });

  it("clone: both can be read", async () => {
    const { request } = post("hel", "lo");
    const clone = request.clone();
    assert.equal(await clone.text(), "hello");
    assert.equal(await request.text(), "hello");
  });

  it("clone after text: throws TypeError", async () => {
    const { request } = post("hello");
    await request.text();
    assert.throws(() => request.clone(), TypeError);
  });

  it("clone of a request without content: has none", () => {
    assert.equal(lightRequest().request.clone().body, null);
  });
});
