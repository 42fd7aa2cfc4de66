import assert from "node:assert/strict";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { ByteQueue } from "./byte-queue.ts";

// Goal: bytes come out as they went in, nothing handed out ever changes, and copying stays linear.
// How: examples for each way the memory can be held, and random operations against a plain array.

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const textOf = (view: Uint8Array) => String.fromCharCode(...view);
const heldText = (queue: ByteQueue) => textOf(queue.bytes.subarray(queue.start, queue.end));

/** A queue that holds `text` in memory of its own. */
function owning(text: string): ByteQueue {
  const queue = new ByteQueue();
  queue.append(bytes(text.slice(0, 1)));
  queue.append(bytes(text.slice(1)));
  return queue;
}

describe("append", () => {
  it("the only chunk: referred to, not copied", () => {
    const queue = new ByteQueue();
    const chunk = bytes("abc");
    queue.append(chunk);
    assert.equal(queue.bytes, chunk);
    assert.equal(queue.length, 3);
  });

  it("a chunk behind another: both in one window, and neither chunk is written to", () => {
    const queue = new ByteQueue();
    const first = bytes("abc");
    queue.append(first);
    queue.append(bytes("de"));
    assert.equal(heldText(queue), "abcde");
    assert.equal(textOf(first), "abc");
    assert.notEqual(queue.bytes, first);
  });

  it("a chunk after everything was used up: referred to again", () => {
    const queue = owning("abc");
    queue.consume(3);
    const chunk = bytes("xyz");
    queue.append(chunk);
    assert.equal(queue.bytes, chunk);
    assert.equal(heldText(queue), "xyz");
  });

  it("no bytes: change nothing", () => {
    const queue = new ByteQueue();
    queue.append(bytes(""));
    assert.equal(queue.length, 0);
    const other = owning("abc");
    other.append(bytes(""));
    assert.equal(heldText(other), "abc");
  });

  it("100 000 single bytes: copied a number of times that grows with the logarithm", () => {
    const queue = new ByteQueue();
    const windows = new Set<Uint8Array>();
    for (let index = 0; index < 100_000; index++) {
      queue.append(Uint8Array.of(index & 0xff));
      windows.add(queue.bytes);
    }
    assert.equal(queue.length, 100_000);
    assert.ok(windows.size < 20, `${windows.size} windows`);
    assert.ok(queue.bytes.byteLength <= 4 * 100_000);
  });

  it("one byte always left over: memory does not grow with what went through", () => {
    const queue = new ByteQueue();
    queue.append(Uint8Array.of(0));
    for (let index = 0; index < 10_000; index++) {
      queue.append(new Uint8Array(100));
      queue.consume(100);
    }
    assert.equal(queue.length, 1);
    assert.ok(queue.bytes.byteLength <= 1_024, `${queue.bytes.byteLength} bytes`);
  });
});

describe("take", () => {
  it("less than there is: that much, and the rest stays", () => {
    const queue = owning("abcde");
    assert.equal(textOf(queue.take(2)), "ab");
    assert.equal(heldText(queue), "cde");
  });

  it("more than there is: everything", () => {
    const queue = owning("abc");
    assert.equal(textOf(queue.take(10)), "abc");
    assert.equal(queue.length, 0);
  });

  it("nothing: an empty view", () => {
    const queue = owning("abc");
    assert.equal(queue.take(0).byteLength, 0);
    assert.equal(new ByteQueue().take(5).byteLength, 0);
    assert.equal(heldText(queue), "abc");
  });

  it("views that were handed out: stay as they are, whatever is appended", () => {
    const queue = owning("abcdef");
    const view = queue.take(3);
    for (let index = 0; index < 1_000; index++) queue.append(bytes("xyz"));
    queue.take(500);
    for (let index = 0; index < 1_000; index++) queue.append(bytes("uvw"));
    assert.equal(textOf(view), "abc");
  });
});

describe("consume and clear", () => {
  it("everything or more: the memory is let go", () => {
    for (const byteCount of [3, 4]) {
      const queue = owning("abc");
      queue.consume(byteCount);
      assert.equal(queue.length, 0);
      assert.equal(queue.bytes.byteLength, 0);
    }
  });

  it("clear: empty, and usable", () => {
    const queue = owning("abc");
    queue.clear();
    assert.equal(queue.length, 0);
    queue.append(bytes("x"));
    assert.equal(heldText(queue), "x");
  });
});

describe("ByteQueue", () => {
  it("any operations: behaves like an array, and handed out views never change", () => {
    const operation = fc.oneof(
      fc.record({ type: fc.constant("append"), size: fc.integer({ min: 0, max: 700 }) }),
      fc.record({ type: fc.constant("take"), size: fc.integer({ min: 0, max: 900 }) }),
      fc.record({ type: fc.constant("consume"), size: fc.integer({ min: 0, max: 900 }) }),
    );
    const property = fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const queue = new ByteQueue();
      let model: number[] = [];
      const taken: { view: Uint8Array; copy: number[] }[] = [];
      let next = 0;
      for (const { type, size } of operations) {
        if (type === "append") {
          const chunk = Uint8Array.from({ length: size }, () => next++ & 0xff);
          queue.append(chunk);
          model = model.concat([...chunk]);
        } else if (type === "take") {
          const view = queue.take(size);
          taken.push({ view, copy: model.slice(0, size) });
          model = model.slice(size);
        } else {
          queue.consume(size);
          model = model.slice(size);
        }
        assert.equal(queue.length, model.length);
        assert.deepEqual([...queue.bytes.subarray(queue.start, queue.end)], model);
      }
      for (const { view, copy } of taken) assert.deepEqual([...view], copy);
    });
    fc.assert(property, { numRuns: 60 });
  });
});
