import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeClock } from "../base/fake-clock.ts";
import { parseClosePolicy } from "../closing/policy.ts";
import { parseServerLimits, type ServerLimits } from "./limits.ts";
import { ServerContext } from "./server-context.ts";

// Goal: readers go round without history, and what is advertised is never more than is enforced.
// How: contexts with different limits; readers given back in the middle of a message.

const OBSERVER = { handleEnding: () => {}, handleExchange: null, handleHandlerError: () => {} };

function contextWith(limits: Partial<ServerLimits> = {}): ServerContext {
  const policy = parseClosePolicy();
  return new ServerContext(() => {}, parseServerLimits(limits), policy, new FakeClock(), OBSERVER);
}

describe("takeReader", () => {
  it("a reader given back within a message: is given out again without it", () => {
    const context = contextWith();
    const reader = context.takeReader();
    reader.receive(Buffer.from("GET / HTTP/1.1\r\nHost"));
    reader.read();
    reader.receiveEnd();
    context.returnReader(reader);
    const again = context.takeReader();
    assert.equal(again, reader);
    assert.ok(again.isBetweenMessages);
    assert.equal(again.read(), null);
    again.receive(Buffer.from("GET /b HTTP/1.1\r\nHost: h\r\n\r\n"));
    const event = again.read();
    assert.equal(event?.type === "request-head" && event.target, "/b");
  });

  it("readers in use at the same time: are different ones", () => {
    const context = contextWith();
    const readers = Array.from({ length: 300 }, () => context.takeReader());
    assert.equal(new Set(readers).size, 300);
  });

  it("more readers than are kept: the last ones are let go", () => {
    const context = contextWith();
    const readers = Array.from({ length: 300 }, () => context.takeReader());
    for (const reader of readers) context.returnReader(reader);
    const again = new Set(Array.from({ length: 300 }, () => context.takeReader()));
    assert.equal(readers.filter((reader) => again.has(reader)).length, 256);
  });
});

describe("keepAlive", () => {
  const table: readonly (readonly [number, number, string])[] = [
    [65_000, 2_000, "timeout=65"],
    [1_999, 0, "timeout=1"],
    [1_000, 0, "timeout=1"],
    [999, 500, ""],
    [1, 0, ""],
  ];
  for (const [keepAliveTimeoutMs, keepAliveTimeoutMarginMs, expected] of table) {
    it(`${keepAliveTimeoutMs} ms: advertises "${expected}"`, () => {
      const context = contextWith({ keepAliveTimeoutMs, keepAliveTimeoutMarginMs });
      assert.equal(context.keepAlive, expected);
      assert.equal(context.idleTimeoutMs, keepAliveTimeoutMs + keepAliveTimeoutMarginMs);
    });
  }
});
