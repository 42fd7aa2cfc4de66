import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { parseClientRules } from "./client-rules.ts";
import { LEARNED_RULE_LIMIT, LearnedClients } from "./learned-clients.ts";
import {
  type LearnedClientsOptions,
  parseLearnedClientsOptions,
} from "./learned-clients-options.ts";

// Goal: who leaves our FIN unanswered is judged, forgiven in time, and never more than a bounded
// number is remembered. How: closes at given times, and the rows that they make.

const HOUR_MS = 3_600_000;
const SAFARI = { family: "Safari/17", prefix: "192.0.2.0/24" };
const CURL = { family: "curl/8", prefix: "192.0.2.0/24" };

function learning(overrides: Partial<LearnedClientsOptions> = {}) {
  const clients = new LearnedClients(parseLearnedClientsOptions({ mode: "enforce", ...overrides }));
  const record = (signature: typeof SAFARI, answered: number, unanswered: number, nowMs = 0) => {
    for (let n = 0; n < answered; n++) clients.record(signature, true, nowMs);
    for (let n = 0; n < unanswered; n++) clients.record(signature, false, nowMs);
  };
  const mayPersist = (nowMs = 0, { family, prefix } = SAFARI) =>
    clients.mayPersist(family, prefix, nowMs);
  return { clients, record, mayPersist };
}

describe("record, mayPersist", () => {
  it("nobody was counted: may persist", () => {
    assert.equal(learning().mayPersist(), true);
  });

  it("unanswered closes: are judged at the minimum sample, not before", () => {
    const { record, mayPersist } = learning();
    record(SAFARI, 0, 19);
    assert.equal(mayPersist(), true);
    record(SAFARI, 0, 1);
    assert.equal(mayPersist(), false);
    assert.equal(mayPersist(0, CURL), true);
    assert.equal(mayPersist(0, { ...SAFARI, prefix: "198.51.100.0/24" }), true);
  });

  it("the share: is judged at the given percentage, not below", () => {
    const { record, mayPersist } = learning({ brokenPercent: 40, minimumSample: 10 });
    record(SAFARI, 7, 4);
    assert.equal(mayPersist(), true);
    record(SAFARI, 0, 1);
    assert.equal(mayPersist(), false);
  });

  it("20 closes spread over half an hour: are 20 no more", () => {
    const { clients, mayPersist } = learning();
    for (let n = 0; n < 20; n++) clients.record(SAFARI, false, n * 90_000);
    assert.equal(mayPersist(20 * 90_000), true);
    const quick = learning();
    for (let n = 0; n < 20; n++) quick.clients.record(SAFARI, false, n * 1_000);
    assert.equal(quick.mayPersist(20_000), false);
  });

  it("modes report and off: everybody may persist, and off counts nothing", () => {
    for (const mode of ["report", "off"] as const) {
      const { clients, record, mayPersist } = learning({ mode });
      record(SAFARI, 0, 100);
      assert.equal(clients.mode, mode);
      assert.equal(mayPersist(), true);
      assert.equal(clients.snapshot(0)[0]?.isBroken, mode === "report" ? true : undefined);
    }
  });
});

describe("forgiving", () => {
  it("time: a broken signature is good again when half of the sample is left", () => {
    const { record, mayPersist } = learning();
    record(SAFARI, 0, 40);
    assert.equal(mayPersist(2 * HOUR_MS), false);
    assert.equal(mayPersist(2.2 * HOUR_MS), true);
  });

  it("answers: it is good again below half of the share, and broken again at the whole", () => {
    const { record, mayPersist } = learning();
    record(SAFARI, 10, 10);
    assert.equal(mayPersist(), false);
    record(SAFARI, 20, 0);
    assert.equal(mayPersist(), false);
    record(SAFARI, 1, 0);
    assert.equal(mayPersist(), true);
    record(SAFARI, 0, 20);
    assert.equal(mayPersist(), true);
    record(SAFARI, 0, 1);
    assert.equal(mayPersist(), false);
  });

  it("one close after a long time: does not bring back what was forgiven", () => {
    const { record, mayPersist } = learning();
    record(SAFARI, 0, 40);
    record(SAFARI, 0, 1, 3 * HOUR_MS);
    assert.equal(mayPersist(3 * HOUR_MS), true);
    record(SAFARI, 0, 10, 3 * HOUR_MS);
    assert.equal(mayPersist(3 * HOUR_MS), true);
  });

  it("one close just after it was forgiven: does not count as before", () => {
    const { record, mayPersist } = learning();
    record(SAFARI, 0, 40);
    assert.equal(mayPersist(2.09 * HOUR_MS), true);
    record(SAFARI, 0, 1, 2.09 * HOUR_MS);
    assert.equal(mayPersist(2.09 * HOUR_MS), true);
  });

  it("a clock that goes back: gives no count more weight", () => {
    const { clients, record } = learning();
    record(SAFARI, 0, 10, HOUR_MS);
    record(SAFARI, 0, 1, 0);
    assert.equal(clients.snapshot(0)[0]?.unansweredCount, 11);
    assert.equal(clients.snapshot(2 * HOUR_MS)[0]?.unansweredCount, 5.5);
  });
});

describe("snapshot", () => {
  it("rows: the worst first, counts by age", () => {
    const { clients, record } = learning();
    record({ family: "b", prefix: "p" }, 0, 1, HOUR_MS);
    record({ family: "a", prefix: "p" }, 0, 1, HOUR_MS);
    record(CURL, 100, 30, HOUR_MS);
    record(SAFARI, 4, 60, 0);
    assert.deepEqual(clients.snapshot(HOUR_MS), [
      { ...SAFARI, answeredCount: 2, unansweredCount: 30, isBroken: true },
      { ...CURL, answeredCount: 100, unansweredCount: 30, isBroken: false },
      { family: "a", prefix: "p", answeredCount: 0, unansweredCount: 1, isBroken: false },
      { family: "b", prefix: "p", answeredCount: 0, unansweredCount: 1, isBroken: false },
    ]);
  });
});

describe("the table", () => {
  it("ever new signatures: the least recently counted goes", () => {
    const { clients, record } = learning({ tableLimit: 3 });
    const of = (family: string) => ({ family, prefix: "p" });
    for (const family of ["a", "b", "c", "a", "d"]) record(of(family), 1, 0);
    assert.deepEqual(
      clients.snapshot(0).map(({ family }) => family),
      ["a", "c", "d"],
    );
    for (let n = 0; n < 10_000; n++) record(of(`invented/${n}`), 0, 1);
    assert.equal(clients.size, 3);
  });
});

describe("asRules", () => {
  it("families: are judged over all their networks", () => {
    const { clients, record } = learning();
    for (let n = 0; n < 10; n++) {
      record({ family: "MSIE/3", prefix: `192.0.${n}.0/24` }, 0, 3);
      record({ family: "curl/8", prefix: `192.0.${n}.0/24` }, 3, 2);
    }
    const rules = clients.asRules(0, "2026-03");
    assert.deepEqual(rules, [
      {
        name: "learned-MSIE/3",
        pattern: "(^|[ (;])MSIE[/ ]3([^0-9]|$)",
        effect: { persistence: "off" },
        source: "learned",
        found: "2026-03",
      },
    ]);
    const agent = "Mozilla/2.0 (compatible; MSIE 3.01; Windows 95)";
    assert.notEqual(parseClientRules(rules).concerning(agent), null);
  });

  it("a family that all browsers share: is left out", () => {
    const { clients, record } = learning();
    record({ family: "Mozilla/5", prefix: "p" }, 0, 30);
    assert.deepEqual(clients.asRules(0, "2026"), []);
  });

  it("more families than the limit: the worst are kept, and can be used", () => {
    const { clients, record } = learning();
    for (let n = 0; n < 100; n++) record({ family: `f!"\\${n}/1`, prefix: "p" }, 0, 20 + n);
    const rules = clients.asRules(0, "2026");
    assert.equal(rules.length, LEARNED_RULE_LIMIT);
    assert.equal(rules[0]?.name, 'learned-f!"\\99/1');
    const verdict = parseClientRules(rules).concerning('f!"\\99/1.5');
    assert.equal(verdict?.decide("GET")?.name, 'learned-f!"\\99/1');
  });
});
