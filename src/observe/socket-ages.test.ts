import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeSocketLine } from "./fake-socket-line.ts";
import { AgeKeeper } from "./socket-ages.ts";

// Goal: an age is that of one socket in one state. How: two updates, with one difference between.

function ageAfter(
  first: Parameters<typeof fakeSocketLine>[0],
  second: Parameters<typeof fakeSocketLine>[0],
): number | null {
  const ages = new AgeKeeper();
  ages.update([fakeSocketLine(first)], 1_000);
  const line = fakeSocketLine(second);
  ages.update([line], 4_000);
  return ages.ageMs(line);
}

describe("AgeKeeper", () => {
  it("first seen: 0, and it grows", () => {
    const ages = new AgeKeeper();
    const line = fakeSocketLine({ inode: 5 });
    assert.equal(ages.ageMs(line), null);
    ages.update([line], 1_000);
    assert.equal(ages.ageMs(line), 0);
    assert.equal(ageAfter({ inode: 5 }, { inode: 5 }), 3_000);
  });

  it("let go by its process: is the same socket", () => {
    assert.equal(ageAfter({ inode: 5 }, { inode: 0 }), 3_000);
  });

  it("another inode, or one where none was: is another socket", () => {
    assert.equal(ageAfter({ inode: 5 }, { inode: 6 }), 0);
    assert.equal(ageAfter({ inode: 0 }, { inode: 6 }), 0);
  });

  it("accepted in CLOSE-WAIT: is the same socket", () => {
    const state = "close-wait";
    assert.equal(ageAfter({ state, inode: 0 }, { state, inode: 6 }), 3_000);
  });

  it("another state, or another four-tuple: begins again", () => {
    assert.equal(ageAfter({ state: "fin-wait-1", inode: 5 }, { inode: 5 }), 0);
    assert.equal(ageAfter({ peerPort: 1 }, { peerPort: 2 }), 0);
    assert.equal(ageAfter({ localPort: 1 }, { localPort: 2 }), 0);
    assert.equal(ageAfter({ peerAddress: "192.0.2.8" }, { peerAddress: "192.0.2.9" }), 0);
    assert.equal(ageAfter({ localAddress: "192.0.2.8" }, { localAddress: "192.0.2.9" }), 0);
  });

  it("away for one update: is forgotten", () => {
    const ages = new AgeKeeper();
    const line = fakeSocketLine();
    ages.update([line], 1_000);
    ages.update([], 2_000);
    ages.update([line], 3_000);
    assert.equal(ages.ageMs(line), 0);
  });

  it("more sockets than the limit: the rest has no age", () => {
    const ages = new AgeKeeper(2);
    const lines = [1, 2, 3].map((peerPort) => fakeSocketLine({ peerPort }));
    ages.update(lines, 1_000);
    assert.deepEqual(
      lines.map((line) => ages.ageMs(line)),
      [0, 0, null],
    );
  });
});
