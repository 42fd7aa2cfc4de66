import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, it } from "vitest";
import { FakeExchange, type FakeExchangeOptions } from "./fetch-fake-exchange.ts";
import { type FetchCallback, type FetchHandlerOptions, fetchHandler } from "./fetch-handler.ts";
import { LightResponse } from "./fetch-light-response.ts";

// Goal: what becomes of a fetch callback's result and of its failures. How: one call each, over an
// exchange in memory; the process's unhandled rejections are counted through the whole file.

const unhandled: unknown[] = [];
const count = (error: unknown): void => void unhandled.push(error);
beforeAll(() => void process.on("unhandledRejection", count));
afterAll(() => {
  process.off("unhandledRejection", count);
  assert.deepEqual(unhandled, []);
});

/** For callbacks whose result is not what the type asks for. */
const callback = (fetch: (...values: Parameters<FetchCallback>) => unknown): FetchCallback =>
  // Wrong results are the point of these tests.
  fetch as FetchCallback;

async function answered(
  fetch: FetchCallback,
  given: FakeExchangeOptions = {},
  options: FetchHandlerOptions = {},
) {
  const exchange = new FakeExchange(given);
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  await fetchHandler(fetch, { onError, ...options })(exchange);
  return { exchange, errors };
}

describe("fetchHandler", () => {
  it("a Response at once: is sent", async () => {
    const { exchange, errors } = await answered(() => new Response("hi"));
    assert.equal(exchange.text, "hi");
    assert.deepEqual(errors, []);
  });

  it("a promise of a Response: is sent", async () => {
    const { exchange } = await answered(async (request) => new Response(await request.text()), {
      method: "POST",
      chunks: ["echo"],
    });
    assert.equal(exchange.text, "echo");
  });

  it("LightResponse at once: is complete when the handler returns, without a promise", () => {
    const exchange = new FakeExchange();
    const result = fetchHandler(() => new LightResponse("hi"))(exchange);
    assert.equal(result, undefined);
    assert.equal(exchange.state, "complete");
  });

  it("a callback that does not touch the request: reads nothing, listens to nothing", async () => {
    const { exchange } = await answered(() => new Response(null), {
      method: "POST",
      chunks: ["x"],
    });
    assert.equal(exchange.body.readCount, 0);
    assert.equal(exchange.body.isClaimed, false);
    assert.equal(exchange.abortListenerCount, 0);
  });

  it("the request's own body as response: is echoed", async () => {
    const { exchange } = await answered((request) => new Response(request.body), {
      method: "POST",
      chunks: ["a", "b", "c"],
    });
    assert.equal(exchange.text, "abc");
  });

  it("context: has the connection", async () => {
    const { exchange } = await answered((_request, { connection }) =>
      Response.json({ id: connection.id, peer: connection.peer }),
    );
    assert.equal(exchange.text, '{"id":1,"peer":{"address":"192.0.2.1","port":50000}}');
  });

  it("bad arguments: throws TypeError", () => {
    assert.throws(() => fetchHandler(callback(Object.create(null))), TypeError);
    // The values of the option are strings, so that a JavaScript caller can get them wrong.
    const requestObject = "real" as "native";
    assert.throws(
      () => fetchHandler(() => new Response(), { requestObject }),
      /"light" or "native"/,
    );
  });

  it('requestObject "native": new Request(request) works, ip and waitUntil are there', async () => {
    const { exchange } = await answered(
      async (request) => {
        request.waitUntil(Promise.resolve());
        return new Response(request.ip + (await new Request(request).text()));
      },
      { method: "POST", chunks: ["x"] },
      { requestObject: "native" },
    );
    assert.equal(exchange.text, "192.0.2.1x");
  });

  it('requestObject "native" and a method that fetch forbids: 500 and a report', async () => {
    const { exchange, errors } = await answered(
      () => new Response("x"),
      { method: "TRACE" },
      { requestObject: "native" },
    );
    assert.equal(exchange.status, 500);
    assert.ok(errors[0] instanceof TypeError);
  });
});

describe("failures", () => {
  const boom = new Error("secret");
  const failing: [name: string, fetch: FetchCallback][] = [
    [
      "a throw",
      () => {
        throw boom;
      },
    ],
    ["a rejection", () => Promise.reject(boom)],
    ["undefined", callback(() => undefined)],
    ["a promise of null", callback(async () => null)],
    ["a string", callback(() => "secret")],
    ["status 101", callback(() => ({ status: 101, headers: new Headers() }))],
    ["Response.error()", () => Response.error()],
  ];
  for (const [name, fetch] of failing) {
    it(`${name}: 500 without a detail, and one report`, async () => {
      const { exchange, errors } = await answered(fetch);
      assert.equal(exchange.status, 500);
      assert.equal(exchange.text, "Internal Server Error\n");
      assert.equal(errors.length, 1);
    });

    it(`${name}, without onError: is thrown on to the server, after the 500`, async () => {
      const exchange = new FakeExchange();
      await assert.rejects(async () => fetchHandler(fetch)(exchange));
      assert.equal(exchange.status, 500);
    });
  }

  it("onError: hears the error and the request", async () => {
    const heard: [unknown, string][] = [];
    await answered(
      () => Promise.reject(boom),
      { target: "/x" },
      {
        onError: (error, request) => void heard.push([error, request.url]),
      },
    );
    assert.deepEqual(heard, [[boom, "http://a.example/x"]]);
  });

  it("onError that throws or rejects: becomes a process warning", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on("warning", listen);
    const failure = new Error("reporter failed");
    const reject = (): Promise<void> => Promise.reject(failure);
    const onErrors: NonNullable<FetchHandlerOptions["onError"]>[] = [
      () => {
        throw failure;
      },
      reject,
    ];
    for (const onError of onErrors) {
      const { exchange } = await answered(() => Promise.reject(boom), {}, { onError });
      assert.equal(exchange.status, 500);
    }
    await new Promise(setImmediate);
    process.off("warning", listen);
    assert.equal(warnings.length, 2);
    assert.match(warnings[0]?.message ?? "", /reporter failed/);
  });

  it("a stream that fails after its start: the response is aborted and reported", async () => {
    const chunks = ["a", "b"];
    const stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await new Promise(setImmediate);
        const chunk = chunks.shift();
        if (chunk === undefined) controller.error(boom);
        else controller.enqueue(new TextEncoder().encode(chunk));
      },
    });
    const { exchange, errors } = await answered(() => new Response(stream));
    assert.equal(exchange.abortReason, "handler-failed");
    assert.deepEqual(errors, [boom]);
  });

  it("a stream that fails with an AbortError of its own: is reported", async () => {
    const failure = new DOMException("upstream timeout", "AbortError");
    const stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        controller.enqueue(new Uint8Array(1));
        await new Promise(setImmediate);
        controller.error(failure);
      },
    });
    const { exchange, errors } = await answered(() => new Response(stream));
    assert.equal(exchange.abortReason, "handler-failed");
    assert.deepEqual(errors, [failure]);
  });
});

describe("peer gone", () => {
  it("then a throw: is reported, nothing is sent", async () => {
    const exchange = new FakeExchange();
    const errors: unknown[] = [];
    const handler = fetchHandler(
      async () => {
        exchange.lose();
        throw new Error("boom");
      },
      { onError: (error) => void errors.push(error) },
    );
    await handler(exchange);
    assert.equal(errors.length, 1);
    assert.equal(exchange.status, 0);
  });

  it("then the AbortError of its signal: is not reported", async () => {
    const exchange = new FakeExchange();
    const errors: unknown[] = [];
    const handler = fetchHandler(
      (request) =>
        new Promise((_resolve, reject) => {
          request.signal.addEventListener("abort", () => reject(request.signal.reason));
          exchange.lose();
        }),
      { onError: (error) => void errors.push(error) },
    );
    await handler(exchange);
    assert.deepEqual(errors, []);
  });

  it("then the error of reading the body: is not reported, with onError or without", async () => {
    for (const hasListener of [true, false]) {
      const exchange = new FakeExchange({ method: "POST", chunks: ["a", new Error("gone")] });
      const errors: unknown[] = [];
      const options = hasListener ? { onError: (error: unknown) => void errors.push(error) } : {};
      const handler = fetchHandler(async (request) => {
        exchange.lose();
        return new Response(await request.text());
      }, options);
      await handler(exchange);
      assert.deepEqual(errors, []);
    }
  });

  it("AbortError while the peer is there: is a failure like any other", async () => {
    const { exchange, errors } = await answered(() => {
      throw new DOMException("upstream", "AbortError");
    });
    assert.equal(exchange.status, 500);
    assert.equal(errors.length, 1);
  });

  it("then a Response: is dropped", async () => {
    const exchange = new FakeExchange();
    await fetchHandler(async () => {
      exchange.lose();
      return new Response("late");
    })(exchange);
    assert.equal(exchange.text, "");
  });
});

describe("waitUntil", () => {
  const boom = new Error("later");

  it("work that rejects: is reported with onError, after the response", async () => {
    const { exchange, errors } = await answered((_request, { waitUntil }) => {
      waitUntil(Promise.reject(boom));
      return new LightResponse("x");
    });
    await new Promise(setImmediate);
    assert.equal(exchange.text, "x");
    assert.deepEqual(errors, [boom]);
  });

  it("request.waitUntil, taken off its request: is the same", async () => {
    const { errors } = await answered((request) => {
      const { waitUntil } = request;
      waitUntil(Promise.reject(boom));
      return new LightResponse("x");
    });
    await new Promise(setImmediate);
    assert.deepEqual(errors, [boom]);
  });

  it("work that rejects without onError: becomes a process warning", async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on("warning", listen);
    const exchange = new FakeExchange();
    await fetchHandler((request) => {
      request.waitUntil(Promise.reject(boom));
      return new LightResponse("x");
    })(exchange);
    await new Promise(setImmediate);
    process.off("warning", listen);
    assert.match(warnings[0]?.message ?? "", /later/);
  });

  it("a value that is no promise: is nothing to wait for", async () => {
    const { errors } = await answered((request) => {
      // JavaScript callers pass what a function returned, promise or not.
      request.waitUntil(undefined as unknown as Promise<void>);
      return new Response("x");
    });
    assert.deepEqual(errors, []);
  });
});
