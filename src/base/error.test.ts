import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FinwaitError, InvariantError, LocalProtocolError } from "./error.ts";

// Goal: thrown errors can be told apart by class, name and code, and keep their cause.
// How: one of each.

describe("errors", () => {
  it("each class: an Error with its own name and a stable code", () => {
    const cause = new Error("why");
    const local = new LocalProtocolError("FINWAIT_X", "message", { cause });
    assert.ok(local instanceof FinwaitError);
    assert.ok(local instanceof Error);
    assert.equal(local.name, "LocalProtocolError");
    assert.equal(local.code, "FINWAIT_X");
    assert.equal(local.cause, cause);
    const invariant = new InvariantError("message");
    assert.equal(invariant.name, "InvariantError");
    assert.equal(invariant.code, "FINWAIT_INVARIANT");
    assert.equal(new FinwaitError("FINWAIT_Y", "message").name, "FinwaitError");
  });
});
