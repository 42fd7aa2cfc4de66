import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import { describe, it } from "vitest";
import { reasonPhrase } from "./status.ts";

// Goal: reason phrases are those of RFC 9110, and safe to put into a status-line.
// How: every number a status can be, compared with Node's own list where both have one.

/** Phrases that RFC 9110 changed and Node still has in their old form. */
const RENAMED: ReadonlySet<number> = new Set([413, 418, 422]);

describe("reasonPhrase", () => {
  it("every status: as Node has it, or none", () => {
    for (let status = 100; status < 600; status++) {
      const phrase = reasonPhrase(status);
      assert.match(phrase, /^[A-Za-z' -]*$/);
      if (phrase === "" || RENAMED.has(status)) continue;
      assert.equal(phrase, STATUS_CODES[status]);
    }
  });

  it("an unknown status: empty, which RFC 9112 §4 allows", () => {
    assert.equal(reasonPhrase(299), "");
    assert.equal(reasonPhrase(0), "");
  });
});
