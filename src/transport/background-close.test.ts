import assert from "node:assert/strict";
import { fstatSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { BackgroundCloses } from "./background-close.ts";
import type { SocketOptions } from "./socket-options.ts";

// Goal: the queue's limits, and that every descriptor is closed in the end. How: descriptors of a
// file, for which close() does not block; test/kernel/so-linger-does-not-block.test.ts has sockets.

const folder = mkdtempSync(join(tmpdir(), "finwait-close-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Records what SO_LINGER was set to. */
function recordingOptions(isPossible = true): { options: SocketOptions; seconds: number[] } {
  const seconds: number[] = [];
  const options: SocketOptions = {
    provider: "koffi",
    tcpFacts: () => null,
    setFinWait2Seconds: () => false,
    setUnacknowledgedTimeoutMs: () => false,
    setSoLinger: (_fd, value) => {
      seconds.push(value ?? 0);
      return isPossible;
    },
    takePendingError: () => null,
    duplicate: () => null,
  };
  return { options, seconds };
}

function openDescriptors(count: number): { descriptors: number[]; openCount: () => number } {
  const path = join(folder, `${count}-${Math.floor(performance.now() * 1_000)}`);
  const descriptors = Array.from({ length: count }, () => openSync(path, "w"));
  const inodes = descriptors.map((descriptor) => fstatSync(descriptor).ino);
  const isOpen = (descriptor: number, index: number): boolean => {
    try {
      // Another file may have got the number meanwhile.
      return fstatSync(descriptor).ino === inodes[index];
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EBADF");
      return false;
    }
  };
  return { descriptors, openCount: () => descriptors.filter(isOpen).length };
}

/** The pool closes a descriptor before it says so. */
async function untilAllClosed(closes: BackgroundCloses, openCount: () => number): Promise<void> {
  const deadlineAtMs = performance.now() + 8_000;
  while (openCount() + closes.closingCount > 0) {
    assert.ok(performance.now() < deadlineAtMs, `${openCount()} descriptors are still open`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("BackgroundCloses", () => {
  it("more than the limits: occupy, wait, and overflow, and all are closed", async () => {
    const closes = new BackgroundCloses({ closingLimit: 2, waitingLimit: 3 });
    const { options, seconds } = recordingOptions();
    const { descriptors, openCount } = openDescriptors(7);
    for (const descriptor of descriptors) closes.close(options, descriptor, 2_500);
    const { closingCount, waitingCount, overflowCount } = closes;
    assert.deepEqual([closingCount, waitingCount, overflowCount], [2, 3, 2]);
    await untilAllClosed(closes, openCount);
    const { closingCount: closing, waitingCount: waiting } = closes;
    assert.deepEqual([closing, waiting, closes.overflowCount], [0, 0, 2]);
    // Rounded up, and none for the two without a place.
    assert.deepEqual(seconds, [3, 3, 3, 3, 3]);
  });

  it("no time left: is closed at once, without SO_LINGER, and counted", async () => {
    const closes = new BackgroundCloses();
    const { options, seconds } = recordingOptions();
    const { descriptors, openCount } = openDescriptors(1);
    for (const descriptor of descriptors) closes.close(options, descriptor, 0);
    assert.deepEqual([closes.closingCount, closes.overflowCount], [0, 1]);
    await untilAllClosed(closes, openCount);
    assert.deepEqual(seconds, []);
  });

  it("time runs out while waiting: takes no turn, and the next one does", async () => {
    const closes = new BackgroundCloses({ closingLimit: 1, waitingLimit: 3 });
    const { options, seconds } = recordingOptions();
    const { descriptors, openCount } = openDescriptors(4);
    for (const [index, descriptor] of descriptors.entries()) {
      closes.close(options, descriptor, index === 1 || index === 2 ? 0 : 60_000);
    }
    assert.equal(closes.waitingCount, 3);
    await untilAllClosed(closes, openCount);
    assert.deepEqual(seconds, [60, 60]);
    assert.equal(closes.overflowCount, 2);
  });

  it("kernel refuses SO_LINGER: is closed all the same", async () => {
    const closes = new BackgroundCloses();
    const { options } = recordingOptions(false);
    const { descriptors, openCount } = openDescriptors(1);
    for (const descriptor of descriptors) closes.close(options, descriptor, 1_000);
    assert.equal(closes.overflowCount, 1);
    await untilAllClosed(closes, openCount);
  });
});
