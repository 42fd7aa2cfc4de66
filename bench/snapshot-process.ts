// The process that `snapshot.ts` starts in a network namespace of its own: makes many sockets, and
// times `ss` and our sources on it. Prints one line of JSON.
//
// Half of the sockets are TIME-WAIT; a quarter are orphans in FIN-WAIT-2, whose peers, the last
// quarter, are in CLOSE-WAIT. The kernel forgets the first after a minute, so time is short.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { takeSnapshot } from "../src/observe/socket-table.ts";
import { withDeadline } from "./deadline.ts";
import { readOpenFileLimit } from "./proc.ts";

/** What one command makes, and what `snapshot.ts` prints. A time per round, in milliseconds. */
export interface SnapshotTimes {
  /** By our own count, before the first round and after the last. */
  readonly socketCounts: readonly [number, number];
  readonly stateCounts: Readonly<Record<string, number>>;
  readonly ss: readonly number[];
  readonly sockDiag: readonly number[];
  readonly proc: readonly number[];
  /** Longest time that the event loop was blocked, per snapshot of ours. */
  readonly blockedMs: { readonly sockDiag: readonly number[]; readonly proc: readonly number[] };
  readonly heldBytes: number;
  readonly note: string;
}

const CONNECTING_LIMIT = 200;
const MAKING_TIMEOUT_MS = 55_000;
const SS_TIMEOUT_MS = 20_000;
/** Few of the 28,000 ports that a client has: one that comes again replaces its TIME-WAIT. */
const CONNECTIONS_PER_ADDRESS = 1_000;
/** Rounds of making the sockets that were replaced all the same. */
const REFILL_LIMIT = 3;
const SPARE_DESCRIPTORS = 200;

const clients: Socket[] = [];

/** `"time-wait"`: the client answers our FIN at once. `"fin-wait-2"`: never. */
type Kind = "time-wait" | "fin-wait-2";

async function makeSockets(port: number, kind: Kind, count: number): Promise<void> {
  let startedCount = 0;
  const network = kind === "time-wait" ? "127.0.1" : "127.0.2";
  const addressCount = Math.ceil(count / CONNECTIONS_PER_ADDRESS);
  const next = async (): Promise<void> => {
    while (startedCount < count) {
      const host = `${network}.${1 + (startedCount % addressCount)}`;
      startedCount++;
      const socket = connect({ host, port, allowHalfOpen: kind === "fin-wait-2" });
      socket.resume();
      await once(socket, kind === "time-wait" ? "close" : "end");
      if (kind === "fin-wait-2") clients.push(socket);
    }
  };
  const all = Promise.all(Array.from({ length: CONNECTING_LIMIT }, next));
  await withDeadline(all, MAKING_TIMEOUT_MS, `Making ${count} sockets in ${kind}`);
}

/** Ends every connection at once; the kernel keeps what is left of it. */
async function serveEnds(): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.end(() => {
      // Towards 127.0.1.x the client's FIN is on its way, and TIME-WAIT begins with it.
      if (socket.localAddress?.startsWith("127.0.2.")) socket.destroy();
      else socket.resume();
    });
  });
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function timeSs(): Promise<number> {
  const startedAtMs = performance.now();
  const child = spawn("ss", ["-tanH"], { stdio: ["ignore", "ignore", "inherit"] });
  const [status] = await withDeadline(once(child, "exit"), SS_TIMEOUT_MS, "ss -tanH");
  if (status !== 0) throw new Error(`Cannot time ss: it ended with status ${status}`);
  return performance.now() - startedAtMs;
}

async function timeOurs(source: "sock-diag" | "proc"): Promise<number> {
  const result = await takeSnapshot({ source });
  if (result.type === "failed") throw new Error(`Cannot time ${source}: ${result.reason}`);
  return result.tookMs;
}

async function countSockets(): Promise<{ count: number; states: Record<string, number> }> {
  const result = await takeSnapshot({ source: "proc" });
  if (result.type === "failed") throw new Error(`Cannot count: ${result.reason}`);
  const states: Record<string, number> = {};
  for (const [state, counts] of Object.entries(result.states)) {
    const sum = Object.values(counts).reduce((total, count) => total + count, 0);
    if (sum > 0) states[state] = sum;
  }
  return { count: result.socketCount, states };
}

async function measure(socketCount: number, roundCount: number): Promise<SnapshotTimes> {
  // The namespace's own limit, which otherwise cuts TIME-WAIT and FIN-WAIT-2 short.
  writeFileSync("/proc/sys/net/ipv4/tcp_max_tw_buckets", `${socketCount * 2}`);
  const port = await serveEnds();
  const wantedCount = Math.floor(socketCount / 4);
  const openLimit = Math.floor((readOpenFileLimit() - SPARE_DESCRIPTORS) / 1.1);
  const heldCount = Math.min(wantedCount, openLimit);
  const note = heldCount === wantedCount ? "" : `only ${heldCount} files may be open`;
  await makeSockets(port, "fin-wait-2", heldCount);
  let before = await countSockets();
  for (let refill = 0; refill <= REFILL_LIMIT && before.count < socketCount; refill++) {
    await makeSockets(port, "time-wait", socketCount - before.count);
    before = await countSockets();
  }
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const times = { ss: [] as number[], sockDiag: [] as number[], proc: [] as number[] };
  const blockedMs = { sockDiag: [] as number[], proc: [] as number[] };
  const heapBytes = process.memoryUsage().rss;
  let heldBytes = 0;
  for (let round = 0; round < roundCount; round++) {
    times.ss.push(await timeSs());
    for (const [key, source] of [
      ["sockDiag", "sock-diag"],
      ["proc", "proc"],
    ] as const) {
      loop.reset();
      loop.enable();
      times[key].push(await timeOurs(source));
      loop.disable();
      blockedMs[key].push(loop.max / 1e6);
      heldBytes = Math.max(heldBytes, process.memoryUsage().rss - heapBytes);
    }
  }
  const after = await countSockets();
  return {
    socketCounts: [before.count, after.count],
    stateCounts: before.states,
    ...times,
    blockedMs,
    heldBytes,
    note,
  };
}

const [, , socketCount, roundCount] = process.argv;
const times = await measure(Number(socketCount), Number(roundCount));
console.log(`RESULT ${JSON.stringify(times)}`);
process.exit(0);
