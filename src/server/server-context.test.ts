import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeClock } from "../base/fake-clock.ts";
import { ClientBook } from "../closing/client-book.ts";
import { parseClientRules } from "../closing/client-rules.ts";
import { LearnedClients } from "../closing/learned-clients.ts";
import { parseLearnedClientsOptions } from "../closing/learned-clients-options.ts";
import { parseClosePolicy } from "../closing/policy-parser.ts";
import { parseServerLimits, type ServerLimits } from "./limits.ts";
import { ServerContext, type ServerParts } from "./server-context.ts";

// Goal: readers go round without history, and what is advertised is never more than is enforced.
// How: contexts with different limits; readers given back in the middle of a message.

const OBSERVER = {
  handleEnding: () => {},
  handleExchange: null,
  handleHandlerError: () => {},
  handleNotice: () => {},
};

function contextWith(
  limits: Partial<ServerLimits> = {},
  parts: Partial<ServerParts> = {},
): ServerContext {
  return new ServerContext({
    handler: () => {},
    limits: parseServerLimits(limits),
    policy: parseClosePolicy(),
    persistence: "on",
    clients: new ClientBook(parseClientRules([]), new LearnedClients(parseLearnedClientsOptions())),
    clock: new FakeClock(),
    observer: OBSERVER,
    terms: { canSetDeadlines: true, orphanMs: 60_000 },
    ...parts,
  });
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

describe("useSettings", () => {
  it("another linger budget: holds from the next connection on", () => {
    const context = contextWith();
    const { limits } = context;
    const evicted: string[] = [];
    const member = {
      handleEvicted: () => evicted.push("it"),
      handlePressed: () => {},
      handleTurn: () => {},
    };
    const policy = parseClosePolicy({ lingerConnectionLimit: 0 });
    context.useSettings({ limits, policy, persistence: "on" });
    context.budget.admit(member, "192.0.2.1");
    assert.deepEqual(evicted, ["it"]);
  });
});

describe("closeReason", () => {
  it("a server that serves: each connection decides for itself", () => {
    assert.equal(contextWith().closeReason, null);
  });

  it("persistence off, on again: holds for the next response", () => {
    const context = contextWith();
    const { limits, policy } = context;
    context.useSettings({ limits, policy, persistence: "off" });
    assert.equal(context.closeReason, "persistence-off");
    context.useSettings({ limits, policy, persistence: "on" });
    assert.equal(context.closeReason, null);
  });

  it("pressure: persistence goes last, and a shutdown is the stronger reason", () => {
    const context = contextWith();
    context.usePressure("shortest-idle");
    assert.equal(context.closeReason, null);
    context.usePressure("no-persistence");
    assert.equal(context.closeReason, "overload");
    context.enter("announcing");
    assert.equal(context.closeReason, "server-shutdown");
  });
});

describe("usePressure", () => {
  const table = [
    ["none", 67_000, "timeout=65"],
    ["shorter-idle", 18_250, "timeout=16"],
    ["shortest-idle", 3_000, "timeout=1"],
    ["no-persistence", 3_000, "timeout=1"],
  ] as const;
  for (const [level, idleTimeoutMs, keepAlive] of table) {
    it(`${level}: waits ${idleTimeoutMs} ms, and advertises less`, () => {
      const context = contextWith();
      context.usePressure(level);
      assert.deepEqual([context.idleTimeoutMs, context.keepAlive], [idleTimeoutMs, keepAlive]);
    });
  }

  it("a time-out that is short already: is not lengthened", () => {
    const context = contextWith({ keepAliveTimeoutMs: 500, keepAliveTimeoutMarginMs: 0 });
    context.usePressure("shorter-idle");
    assert.equal(context.idleTimeoutMs, 500);
  });
});

describe("useSettings", () => {
  it("other limits: readers that were made for the old ones are not given out again", () => {
    const context = contextWith();
    const [inUse, spare] = [context.takeReader(), context.takeReader()];
    context.returnReader(spare);
    const { policy, persistence } = context;
    const limits = parseServerLimits({ requestLineLimitBytes: 100 });
    context.useSettings({ limits, policy, persistence });
    context.returnReader(inUse);
    const next = context.takeReader();
    assert.notEqual(next, inUse);
    assert.notEqual(next, spare);
    assert.equal(next.limits, limits);
  });
});

describe("checkPolicy", () => {
  it("so-linger without socket options: is refused, and says what would happen", () => {
    const terms = { canSetDeadlines: false, orphanMs: 60_000 };
    const policy = parseClosePolicy({ mode: "so-linger" });
    const make = (): unknown => contextWith({}, { policy, terms });
    assert.throws(make, /FINWAIT_SO_LINGER_UNAVAILABLE|would block the event loop/);
    assert.doesNotThrow(() => contextWith({}, { policy }));
  });
});
