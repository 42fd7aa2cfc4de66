import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { procText } from "./fake-socket-table.ts";
import { readProcNet } from "./proc-net-file.ts";
import { READING_LIMIT_MS, ReadingTime } from "./reading-time.ts";

// Goal: the files are read to their end, or it is known that they were not. How: made-up tables in
// a folder, larger than the buffer, and a clock that runs away.

const FOLDER = mkdtempSync(join(tmpdir(), "finwait-proc-net-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));
const TCP = join(FOLDER, "tcp");
const ORPHAN = {
  code: 5,
  local: [127, 0, 0, 1],
  localPort: 8080,
  peer: [127, 0, 0, 1],
  peerPort: 5,
};
writeFileSync(TCP, procText(Array.from({ length: 2_000 }, () => ORPHAN)));

describe("readProcNet", () => {
  it("a table of 300 kB, and no second one: every line is visited", async () => {
    let count = 0;
    const result = await readProcNet(() => count++, [TCP, join(FOLDER, "tcp6")]);
    assert.deepEqual(result, { type: "read", malformedCount: 0, isWhole: true });
    assert.equal(count, 2_000);
  });

  it("no table at all: is a reason", async () => {
    const result = await readProcNet(() => {}, [join(FOLDER, "nothing")]);
    assert.ok(result.type === "failed" && result.reason.startsWith("ENOENT"));
  });

  it("no time for the rest: is not whole", async () => {
    let nowMs = 0;
    const time = new ReadingTime(() => {
      nowMs += READING_LIMIT_MS / 4;
      return nowMs;
    });
    let count = 0;
    const result = await readProcNet(() => count++, [TCP], time);
    assert.deepEqual(result, { type: "read", malformedCount: 0, isWhole: false });
    assert.ok(count > 0 && count < 2_000, `${count} lines`);
  });
});
