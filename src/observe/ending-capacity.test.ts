import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { endingCapacities, rateText } from "./ending-capacity.ts";
import { fakeContainer, fakeServer, fakeServerWith } from "./fake-machine.ts";
import { FakeMachineFiles } from "./fake-machine-files.ts";
import { readMachine } from "./machine-readings.ts";

// Goal: each rate is its limit divided by its time, and the formula shows that. Method: made-up
// machines, results calculated by hand.

const LINGER_SECONDS = 30;

function rates(files: FakeMachineFiles) {
  const capacities = endingCapacities(readMachine(files), LINGER_SECONDS);
  return Object.fromEntries(capacities.map(({ id, perSecond }) => [id, perSecond]));
}

function capacity(files: FakeMachineFiles, wanted: string) {
  const found = endingCapacities(readMachine(files), LINGER_SECONDS).find(
    ({ id }) => id === wanted,
  );
  assert.ok(found !== undefined);
  return found;
}

describe("endingCapacities", () => {
  it("a server with Linux's defaults: the rates of Little's law", () => {
    assert.deepEqual(rates(fakeServer()), {
      "orphan-fin-wait-2": 131_072 / 60,
      "owned-fin-wait-2": 20_000 / 30,
      "time-wait": 131_072 / 60,
      "time-wait-as-client": 28_232 / 60,
      "orphan-fin-wait-1": 131_072 / 106,
      "orphan-zero-window": 131_072 / 340,
      tracked: 262_144 / 120,
    });
  });

  it("a rate: comes with its formula, its numbers and its memory", () => {
    const found = capacity(fakeServer(), "orphan-fin-wait-2");
    assert.equal(found.formula, "tcp_max_tw_buckets / tcp_fin_timeout");
    assert.equal(found.worked, "131,072 / 60 s = 2,184/s");
    assert.equal(found.memoryBytes, 131_072 * 256);
  });

  it("the numbers of a formula: give its result", () => {
    for (const { worked, perSecond } of endingCapacities(readMachine(fakeServer()), 30)) {
      const [, count = "", held = ""] = /^([\d,]+) \/ ([\d,.]+) s/.exec(worked) ?? [];
      assert.equal(Number(count.replaceAll(",", "")) / Number(held), perSecond, worked);
    }
  });

  it.each([
    ["15", 131_072 / 15, "tcp_fin_timeout"],
    ["60", 131_072 / 60, "tcp_fin_timeout"],
    // Each half of 2 x (v - 60) s fills one of the two limits.
    ["61", 131_072 / 1, "(tcp_fin_timeout - 60 s)"],
    ["120", 131_072 / 60, "(tcp_fin_timeout - 60 s)"],
  ])("tcp_fin_timeout %s: counts as long as the kernel waits", (value, perSecond, name) => {
    const found = capacity(fakeServerWith({ tcp_fin_timeout: value }), "orphan-fin-wait-2");
    assert.equal(found.perSecond, perSecond);
    assert.ok(found.formula.endsWith(`/ ${name}`), found.formula);
  });

  it("tcp_fin_timeout above 60 with few orphans: tcp_max_orphans gives way first", () => {
    const files = fakeServerWith({ tcp_fin_timeout: "90", tcp_max_orphans: "3000" });
    const found = capacity(files, "orphan-fin-wait-2");
    assert.equal(found.limitedBy, "tcp_max_orphans");
    assert.equal(found.perSecond, 100);
  });

  it("little TCP memory: decides over what is held, a page each", () => {
    const found = capacity(fakeServerWith({ tcp_mem: "1 2 3000" }), "owned-fin-wait-2");
    assert.equal(found.limitedBy, "tcp_mem (a page each)");
    assert.equal(found.perSecond, 100);
  });

  it("tcp_orphan_retries other than measured: unknown, and says why", () => {
    const found = capacity(fakeServerWith({ tcp_orphan_retries: "3" }), "orphan-fin-wait-1");
    assert.equal(found.perSecond, null);
    assert.equal(found.worked, "131,072 / unknown s");
    assert.match(found.heldBecause, /not measured for this value of tcp_orphan_retries/);
  });

  it("a container: what it cannot see is unknown, the rest is not", () => {
    const found = rates(fakeContainer());
    assert.equal(found.tracked, null);
    assert.equal(found["owned-fin-wait-2"], 1_024 / 30);
    assert.equal(capacity(fakeContainer(), "owned-fin-wait-2").memoryBytes, 1_024 * 3_640);
  });

  it("another system: nothing", () => {
    assert.deepEqual(rates(new FakeMachineFiles({}, {}, "freebsd")), {});
  });
});

describe("rateText", () => {
  it.each([
    [2_184.53, "2,184"],
    [99.99, "99.9"],
    [8.533, "8.5"],
    [0.04, "0"],
  ])("%d: %s, never more than it is", (perSecond, text) => {
    assert.equal(rateText(perSecond), text);
  });
});
