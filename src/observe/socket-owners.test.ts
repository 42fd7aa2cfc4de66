import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { OWNER_LIMIT, RETRY_MS, SocketOwners, socketInodesOf } from "./socket-owners.ts";

// Goal: an inode leads to its process, and what may not be seen stays unknown. How: a made-up /proc
// in a folder, and a clock that the test moves.

const ROOT = mkdtempSync(join(tmpdir(), "finwait-proc-"));
afterAll(() => rmSync(ROOT, { recursive: true }));

function addProcess(pid: number, command: string, links: readonly string[]): void {
  mkdirSync(join(ROOT, `${pid}/fd`), { recursive: true });
  writeFileSync(join(ROOT, `${pid}/comm`), `${command}\n`);
  for (const [fd, link] of links.entries()) symlinkSync(link, join(ROOT, `${pid}/fd/${fd}`));
}

addProcess(100, "node", ["/dev/null", "socket:[11]", "pipe:[12]", "socket:[13]"]);
addProcess(200, "a (b) c", ["socket:[21]"]);
// A process that may not be looked into has no list of descriptors for us.
mkdirSync(join(ROOT, "300"));
mkdirSync(join(ROOT, "sys"));

describe("SocketOwners", () => {
  it("inodes of two processes: are found with their names", async () => {
    const found = await new SocketOwners(ROOT).find([11, 21, 12, 99]);
    assert.deepEqual(
      [...found],
      [
        [11, { pid: 100, command: "node" }],
        [21, { pid: 200, command: "a (b) c" }],
      ],
    );
  });

  it("an inode that was found: is remembered until it is not asked for", async () => {
    const owners = new SocketOwners(ROOT);
    addProcess(400, "gone", ["socket:[41]"]);
    assert.equal((await owners.find([41])).get(41)?.pid, 400);
    rmSync(join(ROOT, "400"), { recursive: true });
    assert.equal((await owners.find([41])).get(41)?.pid, 400);
    await owners.find([]);
    assert.equal((await owners.find([41])).get(41), undefined);
  });

  it("an inode that was not found: is looked for again, but not at once", async () => {
    let nowMs = 0;
    const owners = new SocketOwners(ROOT, () => nowMs);
    assert.equal((await owners.find([51])).size, 0);
    addProcess(500, "late", ["socket:[51]"]);
    nowMs = RETRY_MS - 1;
    assert.equal((await owners.find([51])).size, 0);
    nowMs = RETRY_MS;
    assert.equal((await owners.find([51])).get(51)?.command, "late");
  });

  it(`more than ${OWNER_LIMIT} inodes: the rest stays unknown`, async () => {
    const many = Array.from({ length: OWNER_LIMIT }, (_, index) => 1_000_000 + index);
    const owners = new SocketOwners(ROOT);
    assert.equal((await owners.find([...many, 11])).has(11), false);
    assert.equal((await owners.find([...many.slice(1), 11])).has(11), true);
  });

  it("more descriptors than the limit: the rest is not looked at", async () => {
    const owners = new SocketOwners(ROOT, () => 0, 3);
    const found = await owners.find([11, 13, 21]);
    assert.deepEqual([...found.keys()], [11]);
    assert.deepEqual(socketInodesOf(100, ROOT, 3), new Set([11]));
  });

  it("no /proc at all: nobody is known", async () => {
    assert.equal((await new SocketOwners(join(ROOT, "nowhere")).find([11])).size, 0);
  });
});

describe("socketInodesOf", () => {
  it("a process: has the inodes of its sockets", () => {
    assert.deepEqual(socketInodesOf(100, ROOT), new Set([11, 13]));
  });

  it("a process that is gone, or not ours to see: null", () => {
    assert.equal(socketInodesOf(999, ROOT), null);
    assert.equal(socketInodesOf(300, ROOT), null);
  });
});
