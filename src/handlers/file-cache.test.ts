import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { FileCache } from "./file-cache.ts";

// Goal: the cache never holds more than its limit, and lets go of what was used least recently.
// How: single steps, then random operations against a model that is a plain array.

describe("FileCache", () => {
  it("get: makes an entry outlive one that was set later", () => {
    const cache = new FileCache<string>(20);
    cache.set("a", "A", 10, 0);
    cache.set("b", "B", 10, 0);
    cache.get("a");
    cache.set("c", "C", 10, 0);
    assert.deepEqual(
      ["a", "b", "c"].map((key) => cache.get(key)?.value),
      ["A", undefined, "C"],
    );
  });

  it("set, larger than the limit: keeps nothing, and replaces what was there", () => {
    const cache = new FileCache<string>(10);
    cache.set("a", "A", 10, 0);
    cache.set("a", "AA", 11, 0);
    assert.equal(cache.get("a"), undefined);
    assert.equal(cache.usedBytes, 0);
  });

  it("confirm: changes the time and not the value", () => {
    const cache = new FileCache<string>(10);
    cache.set("a", "A", 10, 1);
    cache.confirm("a", 5);
    cache.confirm("b", 5);
    assert.deepEqual([cache.get("a")?.value, cache.get("a")?.checkedAtMs], ["A", 5]);
    assert.equal(cache.get("b"), undefined);
  });

  it("any operations: agree with a list in order of use", () => {
    const limitBytes = 100;
    const key = fc.constantFrom("a", "b", "c", "d", "e");
    const operation = fc.oneof(
      fc.record({ type: fc.constant("get" as const), key }),
      fc.record({ type: fc.constant("delete" as const), key }),
      fc.record({ type: fc.constant("set" as const), key, bytes: fc.nat(120) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const cache = new FileCache<number>(limitBytes);
        let model: { key: string; bytes: number }[] = [];
        for (const step of operations) {
          const held = model.find((entry) => entry.key === step.key);
          const others = model.filter((entry) => entry.key !== step.key);
          if (step.type === "get") {
            assert.equal(cache.get(step.key)?.value, held?.bytes);
            if (held !== undefined) model = [...others, held];
          } else if (step.type === "delete") {
            cache.delete(step.key);
            model = others;
          } else {
            cache.set(step.key, step.bytes, step.bytes, 0);
            model = step.bytes > limitBytes ? others : [...others, step];
            while (sum(model) > limitBytes) model.shift();
          }
          assert.equal(cache.usedBytes, sum(model));
          assert.equal(cache.size, model.length);
        }
      }),
    );
  });
});

function sum(entries: readonly { readonly bytes: number }[]): number {
  return entries.reduce((total, { bytes }) => total + bytes, 0);
}
