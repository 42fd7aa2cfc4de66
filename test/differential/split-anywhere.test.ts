import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ReaderEvent, RequestReader } from "../../src/http1/request-reader.ts";
import { newReader } from "../support/fake-peer.ts";
import { readCorpus } from "./corpus.ts";

// Goal: how TCP splits an odd request never changes what the reader makes of it.
// How: every request of the corpus whole and one byte at a time; the events have to be equal.

/** Pieces of content are joined, for those do depend on the split. */
function readAll(reader: RequestReader, seen: unknown[], content: string): string {
  let joined = content;
  for (let event = reader.read(); event !== null; event = reader.read()) {
    if (event.type === "body") {
      joined += Buffer.from(event.bytes).toString("latin1");
    } else {
      seen.push(plain(event, joined));
      joined = "";
    }
  }
  return joined;
}

/** An event as plain values, with the content that came before it. */
function plain(event: Exclude<ReaderEvent, { type: "body" }>, content: string): unknown {
  switch (event.type) {
    case "request-head":
      return { ...event, content, fields: [...event.fields] };
    case "message-end":
      return { type: event.type, content, trailers: event.trailers && [...event.trailers] };
    case "peer-ended":
      return { type: event.type, content };
    case "peer-protocol-error":
      return { type: event.type, content, code: event.error.code };
  }
}

function eventsOf(bytes: Uint8Array, stepBytes: number): readonly unknown[] {
  const reader = newReader();
  const seen: unknown[] = [];
  let content = "";
  for (let at = 0; at < bytes.byteLength; at += stepBytes) {
    reader.receive(bytes.subarray(at, at + stepBytes));
    content = readAll(reader, seen, content);
  }
  reader.receiveEnd();
  assert.equal(readAll(reader, seen, content), "");
  return seen;
}

describe("RequestReader", () => {
  for (const { id, bytes } of readCorpus(Number.parseInt(process.versions.node, 10))) {
    it(`${id}, byte by byte: the same events`, () => {
      const whole = eventsOf(bytes, Math.max(bytes.byteLength, 1));
      assert.ok(whole.length > 0, "no event");
      assert.deepEqual(eventsOf(bytes, 1), whole);
    });
  }
});
