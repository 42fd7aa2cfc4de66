import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { ProbeProgress } from "./probe-progress.ts";

// Goal: the line says how far the run is and who is waited for, and leaves nothing behind. How: a
// clock and an output of the test's.

const CASES = [
  { id: "idle/fin", isPatient: true as const },
  { id: "early/one" },
  { id: "early/two" },
  { id: "linger/drip", isPatient: true as const },
];

function fixture({ isTTY = true, columns = 80 }: { isTTY?: boolean; columns?: number } = {}) {
  const written: string[] = [];
  const clock = { nowMs: 0 };
  const output = { isTTY, columns, write: (text: string) => written.push(text) };
  const now = () => clock.nowMs;
  const progress = new ProbeProgress({ cases: CASES, durationLimitMs: 90_000, output, now });
  return { progress, written, clock };
}

describe("ProbeProgress", () => {
  it("before the first case: looking around", () => {
    const { progress } = fixture();
    assert.equal(progress.text, "looking around on the server, at most 1 min 30 s left");
  });

  it("cases come to their end: the bar grows, and patient ones that are over go", () => {
    const { progress, clock } = fixture({ columns: 120 });
    progress.handleFacts();
    assert.match(progress.text, /^\[-{10}\] 0 of 4, .*; waiting: idle\/fin, linger\/drip$/);
    clock.nowMs = 30_000;
    progress.handleResult("early/one");
    progress.handleResult("idle/fin");
    assert.equal(progress.text, "[#####-----] 2 of 4, at most 1 min left; waiting: linger/drip");
  });

  it("only patient ones are left: their names in place of the bar", () => {
    const { progress } = fixture({ columns: 70 });
    progress.handleFacts();
    for (const id of ["early/one", "early/two"]) progress.handleResult(id);
    const text = "2 of 4, at most 1 min 30 s left; waiting: idle/fin, linger/drip";
    assert.equal(progress.text, text);
    for (const id of ["idle/fin", "linger/drip"]) progress.handleResult(id);
    assert.equal(progress.text, "[##########] 4 of 4, at most 1 min 30 s left");
  });

  it("a narrow terminal: fewer names, then a number, and never a broken line", () => {
    const [wide, narrow, tiny] = [76, 65, 30].map((columns) => fixture({ columns }));
    for (const each of [wide, narrow, tiny]) each?.progress.handleFacts();
    assert.match(wide?.progress.text ?? "", /; waiting: idle\/fin and 1 more$/);
    assert.match(narrow?.progress.text ?? "", /left; 2 waiting$/);
    tiny?.progress.start();
    tiny?.progress.end();
    assert.equal(tiny?.written[0]?.replace("\r\x1b[K", "").length, 29);
  });

  it("the end: the line is cleared once", () => {
    const { progress, written } = fixture();
    progress.start();
    progress.end();
    progress.end();
    assert.equal(written.length, 2);
    assert.equal(written[1], "\r\x1b[K");
  });

  it("no terminal: nothing is written", () => {
    const { progress, written } = fixture({ isTTY: false });
    progress.start();
    progress.end();
    assert.deepEqual(written, []);
  });
});
