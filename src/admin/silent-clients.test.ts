import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeLingering } from "./fake-observed-server.ts";
import { silentClients } from "./silent-clients.ts";

// Goal: who keeps FIN-WAIT-2 is named by kind and network, the worst first. How: connections and
// learned clients made by hand.

const LEARNED = { answeredCount: 1, unansweredCount: 5, isBroken: true };

describe("silentClients", () => {
  it("connections of two kinds and networks: are counted together, with the longest wait", () => {
    const rows = silentClients(
      [
        fakeLingering({ peerAddress: "192.0.2.1", sinceFinMs: 100 }),
        fakeLingering({ peerAddress: "192.0.2.2", sinceFinMs: 900 }),
        fakeLingering({ peerAddress: "198.51.100.1", sinceFinMs: 50 }),
      ],
      [],
      10,
    );
    const shown = rows.map(({ prefix, lingeringCount, longestMs }) => [
      prefix,
      lingeringCount,
      longestMs,
    ]);
    assert.deepEqual(shown, [
      ["192.0.2.0/24", 2, 900],
      ["198.51.100.0/24", 1, 50],
    ]);
  });

  it("a learned client: stands in the row of its connections, or in one of its own", () => {
    const rows = silentClients(
      [fakeLingering()],
      [
        { family: "curl/8", prefix: "192.0.2.0/24", ...LEARNED },
        { family: "old/1", prefix: "192.0.2.0/24", ...LEARNED },
        { family: "good/1", prefix: "192.0.2.0/24", ...LEARNED, unansweredCount: 0 },
      ],
      10,
    );
    const shown = rows.map((row) => [row.family, row.lingeringCount, row.unansweredCount]);
    assert.deepEqual(shown, [
      ["curl/8", 1, 5],
      ["old/1", 0, 5],
    ]);
    assert.ok(rows.every(({ isBroken }) => isBroken));
  });

  it("more than the limit: the worst stay", () => {
    const many = Array.from({ length: 30 }, (_, index) =>
      fakeLingering({ clientFamily: `c${index}` }),
    );
    const rows = silentClients([...many, fakeLingering({ clientFamily: "c29" })], [], 5);
    assert.equal(rows.length, 5);
    assert.equal(rows[0]?.family, "c29");
  });
});
