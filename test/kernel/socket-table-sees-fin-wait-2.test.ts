import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { loadNetlink } from "../../src/observe/sock-diag.ts";
import { AgeKeeper } from "../../src/observe/socket-ages.ts";
import { OWNERSHIPS, type SocketLine } from "../../src/observe/socket-line.ts";
import { SocketOwners } from "../../src/observe/socket-owners.ts";
import {
  type SnapshotOptions,
  type SnapshotSource,
  type SocketSnapshot,
  takeSnapshot,
} from "../../src/observe/socket-table.ts";
import { missingNote, runCommand } from "../support/command.ts";
import { DEADLINE_MS } from "../support/deadline.ts";
import { request, type Scene, withServer } from "../support/scene.ts";
import { KERNEL_NOTE } from "../support/socket-table.ts";
import { SOCKET_OPTIONS_NOTE } from "../support/transport-pair.ts";

// Goal: clients that never close are seen as what they are: first owned, then orphaned, then gone.
// How: a server with short bounds and 50 such clients; both sources and ss are asked in each phase.

const CLIENT_COUNT = 50;
const LINGER_MS = 2_000;
/** Leaves the kernel more than a second for orphans. */
const FIN_WAIT_2_MS = 4_500;

const netlink = await loadNetlink();
const SOURCES: readonly SnapshotSource[] =
  netlink.type === "available" ? ["sock-diag", "proc"] : ["proc"];
const SS_NOTE = KERNEL_NOTE === null ? missingNote("ss") : KERNEL_NOTE;

const options = {
  handler: (exchange: Exchange) => exchange.respond(200, [["Connection", "close"]], "bye"),
  close: { lingerIdleTimeoutMs: LINGER_MS, finWait2TimeoutMs: FIN_WAIT_2_MS },
};

async function look(options: SnapshotOptions): Promise<SocketSnapshot> {
  const snapshot = await takeSnapshot(options);
  assert.equal(snapshot.type, "taken", JSON.stringify(snapshot));
  assert.deepEqual(snapshot.type === "taken" ? snapshot.unknown : [], []);
  return snapshot as SocketSnapshot;
}

/** FIN-WAIT-2 by ownership, from every source at once. */
async function finWait2(port: number) {
  const snapshots = await Promise.all(SOURCES.map((source) => look({ port, source })));
  const counts = snapshots.map(({ states }) => states["fin-wait-2"]);
  for (const other of counts) assert.deepEqual(other, counts[0], "the sources disagree");
  return counts[0] ?? assert.fail("there is no source");
}

async function finWait2OfSs(port: number): Promise<number> {
  const args = ["-tnH", "state", "fin-wait-2", "sport", "=", `:${port}`];
  const { status, output, complaints } = await runCommand("ss", args);
  assert.equal(status, 0, complaints);
  return output.split("\n").filter((line) => line !== "").length;
}

async function connectAll(scene: Scene): Promise<void> {
  await Promise.all(
    Array.from({ length: CLIENT_COUNT }, async () => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForFin();
    }),
  );
  await waitFor("50 in FIN-WAIT-2", scene.port, ({ states }) => {
    return states["fin-wait-2"].owned === CLIENT_COUNT;
  });
}

/** Looks again and again, until the table is as it has to be. */
async function waitFor(
  what: string,
  port: number,
  isReached: (snapshot: SocketSnapshot) => boolean,
): Promise<void> {
  const deadlineAtMs = performance.now() + DEADLINE_MS;
  for (;;) {
    const snapshot = await look({ port, source: "proc" });
    if (isReached(snapshot)) return;
    if (performance.now() > deadlineAtMs) {
      throw new Error(`Waited in vain for ${what}: ${JSON.stringify(snapshot.states)}`);
    }
    // A small table is read within one turn of the loop, and the server wants turns as well.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("the socket table", () => {
  it("50 clients that never close: owned, then orphaned, then gone", async (ctx) => {
    const why = SS_NOTE ?? SOCKET_OPTIONS_NOTE;
    if (why !== null) return ctx.skip(why);
    await withServer(options, async (scene) => {
      const { port } = scene;
      await connectAll(scene);
      assert.deepEqual(await finWait2(port), counts({ owned: CLIENT_COUNT }));
      assert.equal(await finWait2OfSs(port), CLIENT_COUNT);
      await waitFor("50 orphans", port, ({ states }) => {
        return states["fin-wait-2"].orphaned === CLIENT_COUNT;
      });
      assert.deepEqual(await finWait2(port), counts({ orphaned: CLIENT_COUNT }));
      assert.equal(await finWait2OfSs(port), CLIENT_COUNT);
      await waitFor("the end of the orphans", port, ({ socketCount }) => socketCount === 1);
      assert.equal(await finWait2OfSs(port), 0);
    });
  });

  it("both ends in one process: owners, peers, ages and lines agree by source", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    await withServer(options, async (scene) => {
      const { port } = scene;
      await connectAll(scene);
      const [first, ...others] = await Promise.all(SOURCES.map((source) => look({ port, source })));
      assert.ok(first !== undefined);
      for (const other of others) {
        assert.deepEqual(comparable(other.rows), comparable(first.rows));
        assert.deepEqual(other.peers, first.peers);
      }
      const inodes = first.rows.map(({ inode }) => inode ?? 0);
      const owners = await new SocketOwners().find(inodes);
      assert.deepEqual(
        new Set(inodes.map((inode) => owners.get(inode)?.pid)),
        new Set([process.pid]),
      );
      const ages = new AgeKeeper();
      ages.update(first.rows, 0);
      const again = await look({ port });
      ages.update(again.rows, 1_000);
      assert.deepEqual(new Set(again.rows.map((line) => ages.ageMs(line))), new Set([1_000]));
    });
  });

  it("this process: its sockets and no other's", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    await withServer(options, async (scene) => {
      await connectAll(scene);
      for (const source of SOURCES) {
        const own = await look({ pid: process.pid, source });
        assert.equal(own.states["fin-wait-2"].owned, CLIENT_COUNT);
        assert.equal(own.states["close-wait"].owned, CLIENT_COUNT);
        const other = await look({ pid: process.ppid, port: scene.port, source });
        assert.equal(other.socketCount, 0);
      }
    });
  });

  it("a process that does not exist, a source that is not here: a reason", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    const gone = await takeSnapshot({ pid: 2 ** 31 - 1 });
    const reason = `process ${2 ** 31 - 1} is gone, or not yours to look into`;
    assert.deepEqual(gone, { type: "failed", reason });
  });
});

function counts(some: Partial<Record<(typeof OWNERSHIPS)[number], number>>) {
  const none = Object.fromEntries(OWNERSHIPS.map((ownership) => [ownership, 0]));
  return { ...none, ...some };
}

/** Without what changes from one moment to the next. */
function comparable(rows: readonly SocketLine[]): readonly SocketLine[] {
  return rows
    .map((line) => ({ ...line, timerLeftMs: null }))
    .sort((left, right) => left.peerPort - right.peerPort);
}
