import { closeSync, readSync, writeSync } from "node:fs";
import { loadBunFfi } from "../transport/ffi-bun.ts";
import { loadKoffi } from "../transport/ffi-koffi.ts";
import { loadNodeFfi } from "../transport/ffi-node.ts";
import type { NativeCalls } from "../transport/native-calls.ts";
import { ReadingTime } from "./reading-time.ts";
import { DumpReader, dumpRequest } from "./sock-diag-message.ts";
import { SOCKET_STATES, type SocketState, type SocketVisitor, stateMask } from "./socket-line.ts";

// The socket table by sock_diag(7): three times as fast as /proc, and no privilege is needed.
//
// One foreign call makes the netlink socket; reading and writing are node:fs on its descriptor. The
// loop is blocked for a slice of a few milliseconds at a time, however long the table is.

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
/** A dump is always ready to be read. If it is not, an error is better than a wait without end. */
const SOCK_NONBLOCK = 0x800;
const NETLINK_SOCK_DIAG = 4;
const FAMILIES = [2, 10] as const;
/** The kernel fills at most this much at a time for a reader with so much room. */
const BUFFER_BYTES = 32_768;
/** A table that changes under every dump is taken as it is. */
export const DUMP_ATTEMPT_LIMIT = 3;

/** One netlink socket. Its methods throw what node:fs throws. */
export interface NetlinkPort {
  send(bytes: Uint8Array): void;
  /** Fills the start of `buffer` with one datagram; returns its length. */
  receive(buffer: Uint8Array): number;
  close(): void;
}

export type NetlinkState =
  | { readonly type: "available"; open(): NetlinkPort }
  | { readonly type: "absent"; readonly reason: string };

export type DumpResult =
  /** `isWhole`: every socket that was there all the time has been visited once. */
  | { readonly type: "read"; readonly isWhole: boolean }
  | { readonly type: "failed"; readonly reason: string };

let loaded: Promise<NetlinkState> | undefined;

/** A way to netlink sockets, or one sentence on why there is none. Never rejects. */
export function loadNetlink(): Promise<NetlinkState> {
  loaded ??= findNetlink();
  return loaded;
}

async function findNetlink(): Promise<NetlinkState> {
  if (process.platform !== "linux") return absent(`needs Linux, and this is ${process.platform}`);
  if (process.versions.deno !== undefined) {
    return absent("Deno has no reading and writing of descriptors that it did not open");
  }
  const reasons: string[] = [];
  for (const load of [loadNodeFfi, loadBunFfi, loadKoffi]) {
    const state = await load();
    if (state?.type === "loaded") return available(state.calls);
    if (state !== null) reasons.push(state.reason);
  }
  if (reasons.length > 0)
    return absent(`no native calls are possible here (${reasons.join("; ")})`);
  return absent('needs Node 26.1 or later, Bun, or the package koffi: "npm install koffi"');
}

const absent = (reason: string): NetlinkState => ({ type: "absent", reason });

function available(calls: Pick<NativeCalls, "socket" | "provider">): NetlinkState {
  const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  return {
    type: "available",
    open: () => {
      const fd = calls.socket(AF_NETLINK, type, NETLINK_SOCK_DIAG);
      if (fd < 0) throw new Error(`${calls.provider} opens no netlink socket`);
      return {
        send: (bytes) => void writeSync(fd, bytes),
        receive: (buffer) => readSync(fd, buffer, 0, buffer.length, null),
        close: () => closeSync(fd),
      };
    },
  };
}

/**
 * Visits every TCP socket in one of `states`. A dump that was interrupted is repeated from the
 * start, with a visitor of its own. Never rejects, and closes what it opened.
 */
export async function readSockDiag(
  open: () => NetlinkPort,
  states: readonly SocketState[] = SOCKET_STATES,
  newVisitor: () => SocketVisitor,
): Promise<DumpResult> {
  let result: DumpResult = { type: "failed", reason: "was not tried" };
  const time = new ReadingTime();
  for (let attempt = 1; attempt <= DUMP_ATTEMPT_LIMIT; attempt++) {
    result = await dump(open, stateMask(states), newVisitor(), time);
    if (result.type === "failed" || result.isWhole || time.isOver) return result;
  }
  return result;
}

async function dump(
  open: () => NetlinkPort,
  mask: number,
  visit: SocketVisitor,
  time: ReadingTime,
): Promise<DumpResult> {
  let port: NetlinkPort | undefined;
  try {
    port = open();
    const buffer = new Uint8Array(BUFFER_BYTES);
    let isWhole = true;
    for (const [index, family] of FAMILIES.entries()) {
      const sequence = index + 1;
      const reader = new DumpReader(buffer, sequence, visit);
      port.send(dumpRequest(family, mask, sequence));
      const end = await readToEnd(port, buffer, reader, time);
      if (end.type === "failed") return end;
      if (reader.isInterrupted || end.type === "late") isWhole = false;
      if (end.type === "late") break;
    }
    return { type: "read", isWhole };
  } catch (error) {
    // What the system refused. /proc may still be readable.
    return { type: "failed", reason: (error as Error).message };
  } finally {
    port?.close();
  }
}

async function readToEnd(
  port: NetlinkPort,
  buffer: Uint8Array,
  reader: DumpReader,
  time: ReadingTime,
): Promise<{ type: "done" } | { type: "late" } | { type: "failed"; reason: string }> {
  for (;;) {
    const progress = reader.receive(port.receive(buffer));
    if (progress.type !== "more") return progress;
    if (!time.isSliceOver) continue;
    if (time.isOver) return { type: "late" };
    await time.nextSlice();
  }
}
