import type { FileHandle } from "node:fs/promises";
import { allocateBytes, concatBytes } from "../base/latin1.ts";
import type { Exchange } from "../server/exchange.ts";
import type { Piece, ResponsePlan } from "./static-plan.ts";

// Carries out a plan: from memory at once, or from a file with one chunk in memory at a time.
//
// Content-Length is a promise. A file that cannot keep it leads to an incomplete message (RFC 9112
// §8), never to padding.

/** Precedents: nginx `sendfile`-less output buffers 2 × 32 KiB; Node's file streams 64 KiB. */
const CHUNK_BYTES = 65_536;

/** Sends `plan` with `content` as the file's bytes. */
export function sendFromMemory(exchange: Exchange, plan: ResponsePlan, content: Uint8Array): void {
  const { contentBytes, fields, pieces, status } = plan;
  const parts = pieces.map((piece) => bytesOf(piece, content));
  const [only] = parts;
  const isJoined = only !== undefined && parts.length === 1;
  exchange.respond(status, fields, isJoined ? only : concatBytes(parts, contentBytes));
}

/** Announces `plan` to a HEAD request. */
export function sendHead(exchange: Exchange, plan: ResponsePlan): void {
  exchange.startResponse(plan.status, plan.fields, plan.contentBytes);
  exchange.endResponse();
}

/** Sends `plan` from an open file, which stays open. Resolves when the last byte is written. */
export async function sendFromFile(
  exchange: Exchange,
  plan: ResponsePlan,
  handle: FileHandle,
): Promise<void> {
  exchange.startResponse(plan.status, plan.fields, plan.contentBytes);
  const writer: Writer = { exchange, hasRoom: true };
  for (const piece of plan.pieces) {
    const isSent =
      piece.type === "bytes"
        ? await writeBytes(writer, piece.bytes)
        : await writeRange(writer, handle, piece.first, piece.end);
    if (!isSent) return;
  }
  exchange.endResponse();
}

interface Writer {
  readonly exchange: Exchange;
  /**
   * What the last `write` returned. Waiting happens before the next read, so nothing waits in
   * memory.
   */
  hasRoom: boolean;
}

function bytesOf(piece: Piece, content: Uint8Array): Uint8Array {
  return piece.type === "bytes" ? piece.bytes : content.subarray(piece.first, piece.end);
}

/** Waits for room. False if the exchange is over. */
async function isReady(writer: Writer): Promise<boolean> {
  if (!writer.hasRoom) await writer.exchange.whenWritable();
  return !writer.exchange.isAborted;
}

async function writeBytes(writer: Writer, bytes: Uint8Array): Promise<boolean> {
  if (!(await isReady(writer))) return false;
  writer.hasRoom = writer.exchange.write(bytes);
  return true;
}

async function writeRange(
  writer: Writer,
  handle: FileHandle,
  first: number,
  end: number,
): Promise<boolean> {
  let position = first;
  while (position < end) {
    if (!(await isReady(writer))) return false;
    // A buffer per chunk: the transport may hold on to the previous one until the peer has read it.
    const chunk = allocateBytes(Math.min(CHUNK_BYTES, end - position));
    const bytesRead = await readChunk(handle, chunk, position);
    if (bytesRead === 0) {
      writer.exchange.abortResponse("content-failed");
      return false;
    }
    position += bytesRead;
    writer.hasRoom = writer.exchange.write(chunk.subarray(0, bytesRead));
  }
  return true;
}

/** How many bytes were read into `chunk`; 0 if there are none, or they cannot be read. */
async function readChunk(handle: FileHandle, chunk: Uint8Array, position: number): Promise<number> {
  try {
    const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, position);
    return bytesRead;
  } catch {
    // A failing disk and a file that shrank mean the same for the response: it cannot be completed.
    return 0;
  }
}
