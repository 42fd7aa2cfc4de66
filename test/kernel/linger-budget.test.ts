import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { LingerBudgetCounts } from "../../src/index.ts";
import { within } from "../support/deadline.ts";
import { note } from "../support/scene.ts";
import { KERNEL_NOTE, socketsOf } from "../support/socket-table.ts";

// Goal: 2,000 clients that never close hold no more than the budget, and honest ones are served in
// the same run. How: a server process with a budget of 200; its descriptors, its memory after a
// collection and the kernel's table are looked at before and after three quarters of the crowd.

const CROWD = 2_000;
const LIMIT = 200;
/** Descriptors of a server without connections, and those of connections just being accepted. */
const OTHER_DESCRIPTORS = 64;
/**
 * Memory of the last 1,500, if a tenth of it were kept. A lingering connection holds about 3 KB of
 * the heap; what the server remembers of 1,500 endings is about 1 KB each, for 1,024 of them.
 */
const GROWTH_LIMIT_BYTES = 2_000_000;
const HONEST_COUNT = 50;
const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/** Asks, reads to the FIN, and stays. */
function silentClient(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("connect", () => socket.write(REQUEST));
    socket.on("data", () => {});
    socket.once("end", () => resolve(socket));
    socket.once("error", reject);
  });
}

async function crowd(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let done = 0; done < count; done += 100) {
    const some = Array.from({ length: 100 }, () => silentClient(port));
    sockets.push(...(await within(Promise.all(some), `${done + 100} clients`)));
  }
  return sockets;
}

async function honestClient(url: string): Promise<number> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status;
}

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

interface Held {
  readonly heldBytes: number;
  readonly lingering: LingerBudgetCounts;
}

async function ask(server: ChildProcess): Promise<Held> {
  server.send("measure");
  const [held] = await within(once(server, "message"), "the server's answer");
  return held as Held;
}

const ownedBy = (port: number): number =>
  socketsOf(port).filter(({ isOwned, state }) => isOwned && state.startsWith("fin-wait")).length;

describe("linger budget", () => {
  it("2,000 clients that never close: at most 200 are kept, and others are served", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    const server = fork(join(import.meta.dirname, "linger-budget.scene.ts"), [`${LIMIT}`], {
      execArgv: ["--expose-gc", "--import", "tsx"],
    });
    try {
      const [{ port }] = (await within(once(server, "message"), "the port")) as [{ port: number }];
      const early = await crowd(port, CROWD / 4);
      const before = await ask(server);
      const statuses: number[] = [];
      const others = crowd(port, (CROWD * 3) / 4);
      for (let count = 0; count < HONEST_COUNT; count++) {
        statuses.push(await honestClient(`http://127.0.0.1:${port}/`));
      }
      const late = await others;
      const after = await ask(server);
      const grownBytes = after.heldBytes - before.heldBytes;
      const descriptorCount = descriptorsOf(server.pid ?? 0);
      note(`${descriptorCount} descriptors, ${ownedBy(port)} owned, ${grownBytes} bytes more`);
      const observed = {
        honest: statuses.filter((status) => status === 200).length,
        crowd: early.length + late.length,
        lingering: after.lingering.lingeringNowCount,
        peak: after.lingering.lingeringPeakCount,
        hasEvicted: after.lingering.evictedCount >= CROWD - LIMIT,
        isCountBounded: descriptorCount <= LIMIT + OTHER_DESCRIPTORS,
        isTableBounded: ownedBy(port) <= LIMIT + 5,
        isMemoryBounded: grownBytes < GROWTH_LIMIT_BYTES,
      };
      const expected = {
        honest: HONEST_COUNT,
        crowd: CROWD,
        lingering: LIMIT,
        peak: LIMIT,
        hasEvicted: true,
        isCountBounded: true,
        isTableBounded: true,
        isMemoryBounded: true,
      };
      for (const socket of [...early, ...late]) socket.destroy();
      assert.deepEqual(observed, expected);
    } finally {
      server.kill("SIGKILL");
    }
  });
});
