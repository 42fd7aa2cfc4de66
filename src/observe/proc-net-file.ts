import { closeSync, openSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import { ProcNetTcpParser } from "./proc-net-tcp.ts";
import { ReadingTime } from "./reading-time.ts";
import type { SocketVisitor } from "./socket-line.ts";

// Reads the files /proc/net/tcp and tcp6 from their start to their end, in slices.
//
// The kernel gives about 4 KiB per read, and makes the text while it is read: a socket that comes
// or goes meanwhile may be in it or not.

const PATHS: readonly string[] = ["/proc/net/tcp", "/proc/net/tcp6"];
const BUFFER_BYTES = 65_536;

const readInBackground = promisify(read);

export type ProcNetResult =
  /** `isWhole`: the end of the table was reached in time. */
  | { readonly type: "read"; readonly malformedCount: number; readonly isWhole: boolean }
  | { readonly type: "failed"; readonly reason: string };

/** Never rejects. A system without IPv6 has no second file. */
export async function readProcNet(
  visit: SocketVisitor,
  paths: readonly string[] = PATHS,
  time: ReadingTime = new ReadingTime(),
): Promise<ProcNetResult> {
  let malformedCount = 0;
  let openedCount = 0;
  let isWhole = true;
  let reason = "";
  for (const path of paths) {
    const parser = new ProcNetTcpParser(visit);
    try {
      isWhole = (await readFile(path, parser, time)) && isWhole;
      openedCount++;
    } catch (error) {
      // It does not exist, or this process may not read it; the other one may do.
      reason ||= (error as Error).message;
    }
    malformedCount += parser.malformedCount;
  }
  if (openedCount === 0) return { type: "failed", reason };
  return { type: "read", malformedCount, isWhole };
}

/** False: there was no time for the rest. */
async function readFile(
  path: string,
  parser: ProcNetTcpParser,
  time: ReadingTime,
): Promise<boolean> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  const fd = openSync(path, "r");
  try {
    // Where one family has few sockets, its first read walks past all of the other's in the kernel,
    // which takes longer than a slice. To read the rest in the background would change threads for
    // every 4 KiB.
    let { bytesRead } = await readInBackground(fd, buffer, 0, BUFFER_BYTES, null);
    while (bytesRead > 0) {
      parser.receive(buffer.subarray(0, bytesRead));
      if (time.isSliceOver) {
        if (time.isOver) return false;
        await time.nextSlice();
      }
      bytesRead = readSync(fd, buffer, 0, BUFFER_BYTES, null);
    }
    parser.receiveEnd();
    return true;
  } finally {
    closeSync(fd);
  }
}
