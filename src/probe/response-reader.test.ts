import { describe, expect, it } from "vitest";
import { latin1Bytes } from "../base/latin1.ts";
import { ResponseReader } from "./response-reader.ts";

// Goal: every byte is counted once, and what is a response is read as a tolerant client does.
// How: whole texts, the same texts byte by byte, and texts that no client can read.

function read(text: string, methods: readonly string[] = ["GET"], stepBytes = text.length) {
  const reader = new ResponseReader();
  for (const method of methods) reader.expect(method);
  for (let start = 0; start < text.length; start += stepBytes) {
    reader.receive(latin1Bytes(text.slice(start, start + stepBytes)), start);
  }
  return reader;
}

const LENGTH = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
  "5;x=y\r\nhello\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n";

describe("ResponseReader", () => {
  it.each([
    ["at once", undefined],
    ["byte by byte", 1],
    ["in threes", 3],
  ])("reads lengths and chunks, %s", (_, stepBytes) => {
    const reader = read(LENGTH + CHUNKED + LENGTH, ["GET", "POST", "PUT"], stepBytes);
    expect(reader.responses.map(({ contentBytes }) => contentBytes)).toEqual([5, 8, 5]);
    expect(reader.completeCount).toBe(3);
    expect([reader.surplusBytes, reader.receivedBytes]).toEqual([
      0,
      LENGTH.length * 2 + CHUNKED.length,
    ]);
  });

  it("reads no interim responses without end", () => {
    const reader = read("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_002));
    expect(reader.interimStatuses).toHaveLength(1_000);
    expect(reader.surplusBytes).toBe(2 * "HTTP/1.1 103 Early Hints\r\n\r\n".length);
  });

  it.each(["HTTP/1.1 abc\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 42 Low\r\n\r\n"])(
    "what has no status is no response: %j",
    (text) => {
      const reader = read(text);
      expect([reader.responses.length, reader.interimStatuses.length]).toEqual([0, 0]);
      expect(reader.surplusBytes).toBe(text.length);
    },
  );

  it("knows which responses have no content", () => {
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    const bare = ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n"].join("");
    const reader = read(head + bare + LENGTH, ["HEAD", "GET", "GET", "GET"]);
    expect(reader.responses.map(({ status }) => status)).toEqual([200, 204, 304, 200]);
    expect([reader.completeCount, reader.surplusBytes]).toEqual([4, 0]);
  });

  it("keeps interim responses apart", () => {
    const reader = read(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n${LENGTH}`,
    );
    expect(reader.interimStatuses).toEqual([100, 103]);
    expect(reader.completeCount).toBe(1);
  });

  it("ends content without a length by FIN alone", () => {
    const reader = read("HTTP/1.1 200 OK\r\n\r\nhello");
    expect([reader.last?.isComplete, reader.last?.isLast]).toEqual([false, true]);
    reader.receiveEnd(9);
    expect([reader.last?.isComplete, reader.last?.completeAtMs]).toEqual([true, 9]);
  });

  it("does not complete by FIN what announced more", () => {
    const reader = read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    reader.receiveEnd(9);
    expect([reader.last?.isComplete, reader.last?.contentBytes]).toEqual([false, 5]);
  });

  it("counts what nobody asked for as surplus", () => {
    const reader = read(LENGTH + LENGTH);
    expect(reader.responses).toHaveLength(1);
    expect(reader.surplusBytes).toBe(LENGTH.length);
    expect(reader.surplusSample).toBe(LENGTH);
  });

  it("takes the content behind a response to HEAD for what it is", () => {
    const reader = read(LENGTH, ["HEAD"]);
    expect([reader.surplusBytes, reader.surplusSample]).toEqual([5, "hello"]);
  });

  it.each([
    ["no status line", "SSH-2.0-OpenSSH_9\r\n\r\n"],
    ["a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
    ["a head without an end", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(70_000)}`],
  ])("gives up on %s, and goes on counting", (_, text) => {
    const reader = read(text);
    reader.receive(latin1Bytes("HTTP/1.1 200 OK\r\n\r\n"), 1);
    expect(reader.completeCount).toBe(0);
    expect(reader.surplusBytes).toBeGreaterThan(0);
    expect(reader.surplusSample.length).toBeLessThanOrEqual(4_096);
  });

  it.each([
    ["HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\nContent-Length: 0\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", true],
    ["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", false],
  ])("tells from %j whether it is the last: %s", (text, isLast) => {
    expect(read(text).last?.isLast).toBe(isLast);
  });

  it("reads lines that end with LF alone", () => {
    const reader = read("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi");
    expect([reader.completeCount, reader.last?.contentBytes]).toEqual([1, 2]);
  });
});
