import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Ending, EndingOutcome } from "../tcp/ending.ts";
import { fakeEnding } from "../tcp/fake-ending.ts";
import { ClientBook, productOf, REMEMBERED_LIMIT, UNKNOWN_CLIENT } from "./client-book.ts";
import { type ClientRule, parseClientRules } from "./client-rules.ts";
import { LearnedClients } from "./learned-clients.ts";
import { parseLearnedClientsOptions } from "./learned-clients-options.ts";

// Goal: agents are found out about once, rules can be replaced, and only ends that had time to be
// answered teach anything. How: books with one rule, and endings made by hand.

const RULE: ClientRule = {
  name: "odd",
  pattern: "^odd/",
  effect: { persistence: "off" },
  source: "test",
  found: "2026",
};

function bookWith(mode: "off" | "report" | "enforce" = "enforce"): ClientBook {
  const options = parseLearnedClientsOptions({ mode, minimumSample: 2 });
  return new ClientBook(parseClientRules([RULE]), new LearnedClients(options));
}

describe("identify", () => {
  it("an agent again: is the same identity", () => {
    const book = bookWith();
    assert.equal(book.identify("odd/1 (x)"), book.identify("odd/1 (x)"));
    assert.equal(book.identify("odd/1 (x)").product, "odd/1");
    assert.equal(book.identify("odd/1 (x)").verdict?.decide("GET")?.name, "odd");
    assert.equal(book.identify("curl/8").verdict, null);
  });

  it("none: is the client that nothing is known of", () => {
    assert.equal(bookWith().identify(undefined), UNKNOWN_CLIENT);
  });

  it("ever new agents: one that is in use stays, and one that is not is forgotten", () => {
    const book = bookWith();
    const [used, unused] = [book.identify("used/1"), book.identify("unused/1")];
    for (let index = 0; index < 3 * REMEMBERED_LIMIT; index++) {
      book.identify(`a/${index}`);
      assert.equal(book.identify("used/1"), used);
    }
    assert.notEqual(book.identify("unused/1"), unused);
  });

  it("an agent of 600 characters: is not remembered", () => {
    const book = bookWith();
    const agent = "x".repeat(600);
    assert.notEqual(book.identify(agent), book.identify(agent));
  });

  it("other rules: decide from the next connection on", () => {
    const book = bookWith();
    book.identify("odd/1");
    book.useRules(parseClientRules([]));
    assert.equal(book.identify("odd/1").verdict, null);
  });

  it("other rules, for an agent of the earlier generation: decide as well", () => {
    const book = bookWith();
    book.identify("odd/1");
    for (let index = 0; index < REMEMBERED_LIMIT; index++) book.identify(`a/${index}`);
    book.useRules(parseClientRules([]));
    assert.equal(book.identify("odd/1").verdict, null);
  });
});

describe("record and mayPersist", () => {
  const SILENT: EndingOutcome = { type: "abandoned", bound: "linger-idle-time" };
  const rows: readonly (readonly [string, Partial<Ending>, boolean])[] = [
    ["silent until the idle bound", { outcome: SILENT }, false],
    ["held until the deadline", resetWith("fin-wait-2-time"), false],
    ["answered by FIN", { outcome: { type: "clean" } }, true],
    ["evicted by the budget", { outcome: { type: "abandoned", bound: "linger-budget" } }, true],
    ["cut off for its rate", { outcome: { type: "abandoned", bound: "linger-rate" } }, true],
    ["reset by a handler", { outcome: { type: "reset-by-local", bound: null } }, true],
    ["released by its acknowledgment", { outcome: { type: "acknowledged" } }, true],
    ["the peer ended first", { outcome: SILENT, firstEnder: "peer" }, true],
  ];
  for (const [title, parts, mayPersist] of rows) {
    it(`${title}, three times: ${mayPersist ? "may persist" : "may not persist any more"}`, () => {
      const book = bookWith();
      const client = book.identify("odd/1");
      for (let count = 0; count < 3; count++) book.record(client, fakeEnding(parts), 0);
      assert.equal(book.mayPersist(client, "192.0.2.9", 0), mayPersist);
      assert.equal(book.mayPersist(client, "198.51.100.9", 0), true);
    });
  }

  it("mode report: learns, and forbids nothing; mode off: learns nothing", () => {
    for (const [mode, learnedCount] of [
      ["report", 1],
      ["off", 0],
    ] as const) {
      const book = bookWith(mode);
      const client = book.identify("odd/1");
      for (let count = 0; count < 3; count++)
        book.record(client, fakeEnding({ outcome: SILENT }), 0);
      assert.equal(book.mayPersist(client, "192.0.2.9", 0), true);
      assert.equal(book.learned.snapshot(0).length, learnedCount);
    }
  });

  it("a client without a User-Agent: teaches nothing about all the others without one", () => {
    const book = bookWith();
    for (let count = 0; count < 9; count++) {
      book.record(UNKNOWN_CLIENT, fakeEnding({ outcome: SILENT }), 0);
    }
    assert.deepEqual(book.learned.snapshot(0), []);
  });
});

describe("productOf", () => {
  const table: readonly (readonly [string, string])[] = [
    ["", ""],
    ["curl/8.5.0", "curl/8.5.0"],
    ["Mozilla/5.0 (X11; Linux) Gecko", "Mozilla/5.0"],
    ["odd(comment)", "odd"],
    ["x".repeat(100), "x".repeat(80)],
    ["caf\u00e9/1 x", "caf\u00e9/1"],
  ];
  for (const [agent, product] of table) {
    it(`${agent.slice(0, 40)}: is ${product.slice(0, 40)}`, () => {
      assert.equal(productOf(agent), product);
    });
  }
});

function resetWith(bound: "fin-wait-2-time"): Partial<Ending> {
  return { outcome: { type: "reset-by-local", bound } };
}
