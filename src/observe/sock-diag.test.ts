import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { diagMessage, endMessage, type FakeSocket, netlinkMessage } from "./fake-socket-table.ts";
import {
  DUMP_ATTEMPT_LIMIT,
  type DumpResult,
  type NetlinkPort,
  readSockDiag,
} from "./sock-diag.ts";
import { DumpReader, dumpRequest } from "./sock-diag-message.ts";
import type { SocketLine } from "./socket-line.ts";

// Goal: answers of sock_diag are read as the kernel means them, and every dump ends and is closed.
// How: recorded bytes, made-up datagrams, and a port that answers requests from a list.

/** The first message that Linux 6.18 answered on x86-64: a listener at 127.0.0.1:44865. */
const RECORDED = Buffer.from(
  "7c0000001400020007000000b70a0000" +
    "020a0000af4100007f0000010000000000000000000000000000000000000000000000000000000000000000" +
    "01000000000000000000000000000000ff01000000000000e5920000" +
    // What follows is not part of the message that we read.
    "0".repeat(72),
  "hex",
);

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
  uid: 1_000,
  inode: 4_294_967_295,
};

function receive(...messages: Uint8Array[]) {
  const datagram = Buffer.concat(messages);
  const lines: SocketLine[] = [];
  const keys: (number | string)[] = [];
  const reader = new DumpReader(datagram, 7, (socket) => {
    lines.push(socket.toLine());
    keys.push(socket.peerKey());
  });
  const progress = reader.receive(datagram.length);
  return { lines, keys, progress, isInterrupted: reader.isInterrupted };
}

describe("DumpReader", () => {
  it("recorded bytes: are a listener, whose queue length is no queue", () => {
    const { lines, progress } = receive(RECORDED);
    const expected: SocketLine = {
      state: "listen",
      localAddress: "127.0.0.1",
      localPort: 44_865,
      peerAddress: "0.0.0.0",
      peerPort: 0,
      sendQueueBytes: 0,
      receiveQueueBytes: 0,
      timer: "none",
      timerLeftMs: null,
      uid: 0,
      inode: 37_605,
      ownership: "owned",
    };
    assert.deepEqual({ lines, progress }, { lines: [expected], progress: { type: "more" } });
  });

  it("both families and the end in one datagram: are read", () => {
    const { lines, keys, progress } = receive(
      diagMessage(ORPHAN, 7),
      diagMessage(CLOSE_WAIT_6, 7),
      endMessage(3, 0, 7),
    );
    const [orphan, closeWait] = lines;
    assert.deepEqual(progress, { type: "done" });
    assert.deepEqual(keys, [0xc00002c8, 0xc6336407]);
    assert.equal(orphan?.ownership, "orphaned");
    assert.deepEqual([orphan?.timer, orphan?.timerLeftMs], ["time-wait", 59_990]);
    const expected: SocketLine = {
      state: "close-wait",
      localAddress: "2001:db8::1",
      localPort: 443,
      peerAddress: "198.51.100.7",
      peerPort: 50_000,
      sendQueueBytes: 0xffffffff,
      receiveQueueBytes: 1,
      timer: "probe",
      timerLeftMs: 200,
      uid: 1_000,
      inode: 4_294_967_295,
      ownership: "owned",
    };
    assert.deepEqual(closeWait, expected);
  });

  it("a dump that was interrupted: is known to be", () => {
    assert.equal(receive(diagMessage(ORPHAN, 7, 0x12)).isInterrupted, true);
    assert.equal(receive(diagMessage(ORPHAN, 7)).isInterrupted, false);
  });

  it("an answer to another request, a no-op, a state without name: no socket", () => {
    const { lines, progress } = receive(
      diagMessage(ORPHAN, 6),
      endMessage(3, 0, 6),
      netlinkMessage(1, 0, 7),
      diagMessage({ ...ORPHAN, code: 13 }, 7),
    );
    assert.deepEqual({ lines, progress }, { lines: [], progress: { type: "more" } });
  });

  const failures = [
    ["NLMSG_ERROR", endMessage(2, -13, 7), "sock_diag answers with error 13"],
    ["NLMSG_DONE with an error", endMessage(3, -12, 7), "sock_diag answers with error 12"],
    ["an unknown type", netlinkMessage(77, 8, 7), "sock_diag answers with type 77"],
    ["a short socket", netlinkMessage(20, 40, 7), "a socket of sock_diag is shorter"],
    ["half a message", diagMessage(ORPHAN, 7).subarray(0, 60), "a message of sock_diag was cut"],
    ["half a header", diagMessage(ORPHAN, 7).subarray(0, 9), "a message of sock_diag was cut"],
    ["a length of 0", new Uint8Array(32), "a message of sock_diag was cut"],
  ] as const;
  for (const [what, message, reason] of failures) {
    it(`${what}: fails with a sentence`, () => {
      const { progress } = receive(message);
      assert.ok(progress.type === "failed" && progress.reason.startsWith(reason), reason);
    });
  }
});

describe("dumpRequest", () => {
  it("IPv6, two states: is the request of sock_diag(7)", () => {
    const bytes = Buffer.from(dumpRequest(10, 0x120, 2));
    const expected = `48000000${"14000103"}02000000${"00000000"}${"0a060000"}20010000`;
    assert.equal(bytes.subarray(0, 24).toString("hex"), expected);
    assert.equal(bytes.length, 72);
    assert.ok(bytes.subarray(24).every((byte) => byte === 0));
  });
});

/** Answers each request with the datagrams that `answer` gives, and counts what is open. */
class FakeNetlink {
  openCount = 0;
  dumpCount = 0;
  readonly #answer: (dump: number, sequence: number) => readonly Uint8Array[];

  constructor(answer: (dump: number, sequence: number) => readonly Uint8Array[]) {
    this.#answer = answer;
  }

  readonly open = (): NetlinkPort => {
    this.openCount++;
    this.dumpCount++;
    const queue: Uint8Array[] = [];
    return {
      send: (bytes) => void queue.push(...this.#answer(this.dumpCount, bytes[8] ?? 0)),
      receive: (buffer) => {
        const datagram = queue.shift();
        if (datagram === undefined) throw new Error("EAGAIN: resource temporarily unavailable");
        buffer.set(datagram);
        return datagram.length;
      },
      close: () => {
        this.openCount--;
      },
    };
  };
}

async function readAll(netlink: FakeNetlink): Promise<{ result: DumpResult; count: number }> {
  let count = 0;
  const result = await readSockDiag(netlink.open, ["fin-wait-2"], () => {
    count = 0;
    return () => {
      count++;
    };
  });
  assert.equal(netlink.openCount, 0, "a descriptor is still open");
  return { result, count };
}

describe("readSockDiag", () => {
  it("many datagrams of two families: every socket is visited", async () => {
    const netlink = new FakeNetlink((_, sequence) => [
      ...Array.from({ length: 300 }, () =>
        Buffer.concat(Array.from({ length: 300 }, () => diagMessage(ORPHAN, sequence))),
      ),
      endMessage(3, 0, sequence),
    ]);
    const expected = { result: { type: "read", isWhole: true }, count: 180_000 };
    assert.deepEqual(await readAll(netlink), expected);
  });

  it("interrupted once: the second dump is the result", async () => {
    const netlink = new FakeNetlink((dump, sequence) => [
      diagMessage(ORPHAN, sequence, dump === 1 && sequence === 2 ? 0x12 : 2),
      endMessage(3, 0, sequence),
    ]);
    assert.deepEqual(await readAll(netlink), {
      result: { type: "read", isWhole: true },
      count: 2,
    });
    assert.equal(netlink.dumpCount, 2);
  });

  it(`interrupted always: is taken as it is after ${DUMP_ATTEMPT_LIMIT} dumps`, async () => {
    const netlink = new FakeNetlink((_, sequence) => [
      diagMessage(ORPHAN, sequence, 0x12),
      endMessage(3, 0, sequence),
    ]);
    assert.deepEqual(await readAll(netlink), {
      result: { type: "read", isWhole: false },
      count: 2,
    });
    assert.equal(netlink.dumpCount, DUMP_ATTEMPT_LIMIT);
  });

  it("an error, or an answer that stops: fails, and is closed", async () => {
    const refused = await readAll(new FakeNetlink((_, sequence) => [endMessage(2, -1, sequence)]));
    assert.deepEqual(refused.result, {
      type: "failed",
      reason: "sock_diag answers with error 1",
    });
    const silent = await readAll(new FakeNetlink(() => []));
    assert.deepEqual(silent.result, {
      type: "failed",
      reason: "EAGAIN: resource temporarily unavailable",
    });
  });

  it("a socket that cannot be opened: fails with the reason", async () => {
    const open = (): NetlinkPort => {
      throw new Error("koffi opens no netlink socket");
    };
    const result = await readSockDiag(open, ["fin-wait-2"], () => () => {});
    assert.deepEqual(result, { type: "failed", reason: "koffi opens no netlink socket" });
  });
});
