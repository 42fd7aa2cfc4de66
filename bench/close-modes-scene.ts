// One close mode: uploads that meet an early response, a client that never closes, and one that
// does not read. Arguments: the mode, and the number of uploads. Prints "figures" and JSON.

import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { serve } from "../dist/index.js";
import type { ClosePolicy } from "../src/closing/policy.ts";
import type { ModeFigures, ModeName } from "./close-modes.ts";
import { pause } from "./deadline.ts";

const UPLOAD_BYTES = 20_000_000;
const RESPONSE_BYTES = 200_000;
/** More than a client's first window, less than the kernel's send buffer. */
const UNREAD_BYTES = 1_000_000;
const WATCH_MS = 3_000;
const POLL_MS = 10;

const POLICIES: { readonly [M in ModeName]: Partial<ClosePolicy> } = {
  lingering: {},
  acknowledged: { releaseWhen: "acknowledged" },
  "so-linger": { mode: "so-linger" },
  off: { mode: "off" },
};

const [, , modeText = "lingering", countText = "20"] = process.argv;
const tryCount = Number(countText);

const server = await serve({
  port: 0,
  close: POLICIES[modeText as ModeName],
  handler: (exchange) => {
    const bytes = SIZES[exchange.target] ?? 1_000;
    exchange.respond(200, [["Connection", "close"]], new Uint8Array(bytes));
  },
});
const SIZES: Readonly<Record<string, number>> = {
  "/upload": RESPONSE_BYTES,
  "/unread": UNREAD_BYTES,
};

/** Sends everything, then reads: what a simple client library does. */
function upload(): Promise<number> {
  return new Promise((resolve) => {
    const socket = open("/upload", UPLOAD_BYTES);
    let receivedBytes = 0;
    socket.on("data", (bytes) => {
      receivedBytes += bytes.length;
    });
    socket.pause();
    socket.write(new Uint8Array(UPLOAD_BYTES), () => socket.resume());
    socket.on("end", () => socket.end());
    socket.on("error", () => socket.resume());
    socket.on("close", () => resolve(receivedBytes));
  });
}

function open(target: string, contentBytes: number): Socket {
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  const length = contentBytes > 0 ? `Content-Length: ${contentBytes}\r\n` : "";
  const method = contentBytes > 0 ? "POST" : "GET";
  socket.write(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${length}\r\n`);
  return socket;
}

/** How long our end stays in FIN-WAIT-2 when the client never ends its own. */
async function silentClient(): Promise<{ ownedMs: number; orphanedMs: number }> {
  const socket = open("/", 0);
  socket.resume();
  await new Promise((resolve) => socket.once("end", resolve));
  const startedAtMs = performance.now();
  let releasedAtMs: number | null = null;
  for (;;) {
    const line = finWaitLine(socket.localPort ?? 0);
    if (line === null) break;
    if (!line.isOwned) releasedAtMs ??= performance.now();
    await pause(POLL_MS);
  }
  const goneAtMs = performance.now();
  socket.destroy();
  const ownedMs = (releasedAtMs ?? goneAtMs) - startedAtMs;
  return { ownedMs, orphanedMs: goneAtMs - startedAtMs - ownedMs };
}

/** Columns are split at white space, because their offsets shift with the number of lines. */
function finWaitLine(peerPort: number): { isOwned: boolean } | null {
  for (const line of readFileSync("/proc/net/tcp", "latin1").split("\n")) {
    const [, local = "", peer = "", state, , , , , , inode] = line.trim().split(/\s+/);
    const isOurs = local.endsWith(hex(server.port)) && peer.endsWith(hex(peerPort));
    if (isOurs && (state === "04" || state === "05")) return { isOwned: inode !== "0" };
  }
  return null;
}

const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;

/** The longest time without a turn of the event loop while a client leaves its response unread. */
async function unreadClient(): Promise<number> {
  const socket = open("/unread", 0);
  socket.pause();
  socket.on("error", () => {});
  let longestGapMs = 0;
  const endAtMs = performance.now() + WATCH_MS;
  for (let before = performance.now(); before < endAtMs; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - before);
    before = now;
  }
  socket.destroy();
  return longestGapMs;
}

function readResets(): number {
  const [names = "", values = ""] = readFileSync("/proc/net/snmp", "latin1")
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf("OutRsts")]);
}

const resetsBefore = readResets();
const deliveredBytes: number[] = [];
for (let count = 0; count < tryCount; count += 1) deliveredBytes.push(await upload());
const resetCount = readResets() - resetsBefore;
const { ownedMs, orphanedMs } = await silentClient();
const longestGapMs = await unreadClient();
const figures: ModeFigures = {
  tryCount,
  wholeCount: deliveredBytes.filter((bytes) => bytes > RESPONSE_BYTES).length,
  deliveredBytes,
  responseBytes: RESPONSE_BYTES,
  resetCount,
  ownedMs,
  orphanedMs,
  longestGapMs,
};
console.log(`figures ${JSON.stringify(figures)}`);
process.exit(0);
