import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { type FakeSocket, PROC_HEADER, procLine, procText } from "./fake-socket-table.ts";
import { LINE_LIMIT_BYTES, ProcNetTcpParser } from "./proc-net-tcp.ts";
import type { SocketLine } from "./socket-line.ts";

// Goal: /proc/net/tcp is read by fields, however its columns shift and however it is cut. How:
// made-up tables and recorded lines, each whole, split at every byte, and one byte at a time.

const LISTENER: FakeSocket = {
  code: 10,
  local: [0, 0, 0, 0],
  localPort: 8080,
  peer: [0, 0, 0, 0],
  peerPort: 0,
  receiveQueueBytes: 3,
  inode: 37_605,
};
const ORPHAN: FakeSocket = {
  code: 5,
  local: [127, 0, 0, 1],
  localPort: 8080,
  peer: [192, 0, 2, 200],
  peerPort: 65_535,
  timerCode: 3,
  timerLeftMs: 59_990,
};
const CLOSE_WAIT_6: FakeSocket = {
  code: 8,
  local: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  localPort: 443,
  peer: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 198, 51, 100, 7],
  peerPort: 50_000,
  sendQueueBytes: 0xffffffff,
  receiveQueueBytes: 1,
  timerCode: 4,
  timerLeftMs: 200,
  uid: 4_294_967_294,
  inode: 4_294_967_295,
};
const EXPECTED: readonly SocketLine[] = [
  {
    state: "listen",
    localAddress: "0.0.0.0",
    localPort: 8080,
    peerAddress: "0.0.0.0",
    peerPort: 0,
    sendQueueBytes: 0,
    receiveQueueBytes: 3,
    timer: "none",
    timerLeftMs: null,
    uid: 0,
    inode: 37_605,
    ownership: "owned",
  },
  {
    state: "fin-wait-2",
    localAddress: "127.0.0.1",
    localPort: 8080,
    peerAddress: "192.0.2.200",
    peerPort: 65_535,
    sendQueueBytes: 0,
    receiveQueueBytes: 0,
    timer: "time-wait",
    timerLeftMs: 59_990,
    uid: 0,
    inode: 0,
    ownership: "orphaned",
  },
  {
    state: "close-wait",
    localAddress: "2001:db8::1",
    localPort: 443,
    peerAddress: "198.51.100.7",
    peerPort: 50_000,
    sendQueueBytes: 0xffffffff,
    receiveQueueBytes: 1,
    timer: "probe",
    timerLeftMs: 200,
    uid: 4_294_967_294,
    inode: 4_294_967_295,
    ownership: "owned",
  },
];

interface Reading {
  readonly lines: readonly SocketLine[];
  readonly malformedCount: number;
}

function readPieces(pieces: readonly Uint8Array[]): Reading {
  const lines: SocketLine[] = [];
  const parser = new ProcNetTcpParser((socket) => lines.push(socket.toLine()));
  for (const piece of pieces) parser.receive(piece);
  parser.receiveEnd();
  return { lines, malformedCount: parser.malformedCount };
}

/** Whole, split at every byte, and one byte at a time: always the same. */
function read(text: string): Reading {
  const bytes = Buffer.from(text, "latin1");
  const whole = readPieces([bytes]);
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(readPieces([bytes.subarray(0, at), bytes.subarray(at)]), whole, `at ${at}`);
  }
  const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assert.deepEqual(readPieces(single), whole, "one byte at a time");
  return whole;
}

describe("ProcNetTcpParser", () => {
  const sockets = [LISTENER, ORPHAN, CLOSE_WAIT_6];

  for (const firstNumber of [0, 9_998, 9_999, 99_998, 99_999, 1_234_567]) {
    it(`lines from ${firstNumber} on: are read whatever their columns`, () => {
      const expected = { lines: EXPECTED, malformedCount: 0 };
      assert.deepEqual(read(procText(sockets, firstNumber)), expected);
    });
  }

  it("recorded lines of Linux 6.18: are read", () => {
    const recorded = [
      PROC_HEADER,
      "   0: 0100007F:AF41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0 " +
        "       0 37605 1 0000000080e49ee7 100 0 0 10 0                     ",
      "   3: 0100007F:99E7 0100007F:8DEE 06 00000000:00000000 03:000015E2 00000000     0 " +
        "       0 0 3 00000000da375f8b                                      ",
      "",
    ].join("\n");
    const { lines, malformedCount } = read(recorded);
    assert.equal(malformedCount, 0);
    assert.deepEqual(
      lines.map(({ state, localPort, peerPort, inode, timerLeftMs }) => {
        return { state, localPort, peerPort, inode, timerLeftMs };
      }),
      [
        { state: "listen", localPort: 44_865, peerPort: 0, inode: 37_605, timerLeftMs: null },
        { state: "time-wait", localPort: 39_399, peerPort: 36_334, inode: 0, timerLeftMs: 56_020 },
      ],
    );
  });

  it("the header alone, or nothing: no socket and no complaint", () => {
    const empty = { lines: [], malformedCount: 0 };
    assert.deepEqual(read(`${PROC_HEADER}\n`), empty);
    assert.deepEqual(read(""), empty);
  });

  it("a last line that is cut off anywhere: is malformed, and no half number", () => {
    const text = procText([LISTENER]);
    const cut = procLine(1, ORPHAN);
    for (let length = 1; length <= cut.length; length++) {
      const reading = readPieces([Buffer.from(text + cut.slice(0, length))]);
      assert.deepEqual(reading, { lines: EXPECTED.slice(0, 1), malformedCount: 1 });
    }
  });

  it("lines that are no sockets: are counted, and the others are read", () => {
    const good = procLine(0, LISTENER);
    const bad = [
      "",
      "   1: ",
      good.replace("0A", "0D"),
      good.replace("00000000:1F90", "000000:1F90"),
      good.replace("37605", "3760x"),
      good.slice(0, good.indexOf("37605")),
    ];
    const { lines, malformedCount } = read([PROC_HEADER, ...bad, good, ""].join("\n"));
    assert.deepEqual({ lines, malformedCount }, { lines: EXPECTED.slice(0, 1), malformedCount: 6 });
  });

  it(`a line of more than ${LINE_LIMIT_BYTES} bytes in pieces: is one malformed line`, () => {
    const long = "x".repeat(LINE_LIMIT_BYTES + 10);
    const text = `${PROC_HEADER}\n${long}\n${procLine(0, LISTENER)}\n`;
    const bytes = Buffer.from(text);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, index) =>
      bytes.subarray(index * 100, index * 100 + 100),
    );
    const expected = { lines: EXPECTED.slice(0, 1), malformedCount: 1 };
    assert.deepEqual(readPieces(pieces), expected);
  });

  it("100,000 lines: are visited one by one, with the same object", () => {
    const seen = new Set<unknown>();
    let count = 0;
    const parser = new ProcNetTcpParser((socket) => {
      seen.add(socket);
      count++;
    });
    parser.receive(Buffer.from(`${PROC_HEADER}\n`));
    for (let number = 0; number < 100_000; number += 1_000) {
      const lines = Array.from({ length: 1_000 }, (_, index) => procLine(number + index, ORPHAN));
      parser.receive(Buffer.from(`${lines.join("\n")}\n`));
    }
    parser.receiveEnd();
    assert.deepEqual(
      { count, objects: seen.size, malformedCount: parser.malformedCount },
      { count: 100_000, objects: 1, malformedCount: 0 },
    );
  });
});
