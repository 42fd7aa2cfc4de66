import assert from "node:assert/strict";
import { type AddressInfo, createServer, Server, Socket } from "node:net";
import { describe, it } from "vitest";
import { descriptorOf } from "./file-descriptor.ts";
import type { NativeCalls } from "./native-calls.ts";
import { loadSocketOptions } from "./socket-options.ts";
import { LinuxSocketOptions } from "./socket-options-linux.ts";

// Goal: the provider that is found is one that works, and whatever is wrong is an answer. How: the
// real provider on a socket, where there is one, and native calls that answer as a kernel might.

const TCP_INFO = 11;

interface Answers {
  readonly state?: number;
  readonly infoBytes?: number;
  readonly acknowledged?: bigint;
  readonly sent?: bigint;
  readonly retransmitted?: bigint;
  readonly notSent?: number;
  readonly unacknowledged?: number;
}

/** A kernel that keeps what is set, and answers TCP_INFO as told. */
function fakeCalls(answers: Answers = {}, overrides: Partial<NativeCalls> = {}): NativeCalls {
  const kept = new Map<string, Uint8Array>();
  return {
    provider: "koffi",
    getsockopt: (_fd, level, name, value, length) => {
      if (name === TCP_INFO) {
        value.set(tcpInfo(answers));
        new Uint32Array(length.buffer, length.byteOffset, 1)[0] = answers.infoBytes ?? 280;
      } else {
        value.set(kept.get(`${level} ${name}`) ?? []);
      }
      return 0;
    },
    setsockopt: (_fd, level, name, value, byteLength) => {
      kept.set(`${level} ${name}`, value.slice(0, byteLength));
      return 0;
    },
    socket: () => 100,
    dup: (fd) => fd + 1,
    dup3: (_fd, target) => target,
    close: () => 0,
    ...overrides,
  };
}

function tcpInfo(answers: Answers): Uint8Array {
  const bytes = new Uint8Array(280);
  const ints = new Uint32Array(bytes.buffer);
  const longs = new BigUint64Array(bytes.buffer);
  bytes[0] = answers.state ?? 7;
  ints[2] = 208_000;
  ints[6] = answers.unacknowledged ?? 0;
  ints[17] = 5_100;
  longs[15] = answers.acknowledged ?? 0n;
  ints[36] = answers.notSent ?? 0;
  longs[25] = answers.sent ?? 0n;
  longs[26] = answers.retransmitted ?? 0n;
  return bytes.subarray(0, answers.infoBytes ?? 280);
}

const delivered = { state: 7, acknowledged: 1_001n, sent: 1_500n, retransmitted: 500n };

describe("LinuxSocketOptions", () => {
  const deliveryOf = (answers: Answers) => {
    const facts = new LinuxSocketOptions(fakeCalls(answers)).tcpFacts(3);
    return [facts?.state, facts?.isFinAcknowledged, facts?.isEverythingAcknowledged];
  };

  const rows: readonly (readonly [string, Answers, readonly unknown[]])[] = [
    ["established, nothing on the way", { state: 1 }, ["established", false, true]],
    [
      "established, a segment on the way",
      { state: 1, unacknowledged: 1 },
      ["established", false, false],
    ],
    ["established, bytes not sent", { state: 1, notSent: 9 }, ["established", false, false]],
    ["close-wait, nothing on the way", { state: 8 }, ["close-wait", false, true]],
    ["fin-wait-1", { state: 4 }, ["fin-wait-1", false, false]],
    ["fin-wait-2", { state: 5 }, ["fin-wait-2", true, true]],
    ["time-wait", { state: 6 }, ["time-wait", true, true]],
    ["last-ack", { state: 9 }, ["last-ack", false, false]],
    ["closing", { state: 11 }, ["closing", false, false]],
    ["listen", { state: 10 }, ["other", false, false]],
    ["closed, FIN counted", delivered, ["closed", true, true]],
    ["closed, FIN not counted", { ...delivered, acknowledged: 1_000n }, ["closed", false, false]],
    ["closed, FIN not sent", { ...delivered, notSent: 1 }, ["closed", false, false]],
    ["closed, kernel without counters", { ...delivered, infoBytes: 192 }, ["closed", false, false]],
    [
      "established, kernel without counters",
      { state: 1, infoBytes: 104 },
      ["established", false, false],
    ],
    // A retransmission that found no memory is counted, and was not sent.
    [
      "closed, counters that contradict each other",
      { sent: 1n, retransmitted: 2n },
      ["closed", false, false],
    ],
  ];
  for (const [title, answers, expected] of rows) {
    it(`${title}: is ${expected.join(", ")}`, () => {
      assert.deepEqual(deliveryOf(answers), expected);
    });
  }

  it("all facts: are in the units of their names", () => {
    const answers = { ...delivered, unacknowledged: 2, notSent: 3 };
    assert.deepEqual(new LinuxSocketOptions(fakeCalls(answers)).tcpFacts(3), {
      state: "closed",
      isEverythingAcknowledged: false,
      isFinAcknowledged: false,
      acknowledgedBytes: 1_001,
      sentBytes: 1_000,
      notSentBytes: 3,
      unacknowledgedSegments: 2,
      roundTripMs: 5.1,
      retransmitTimeoutMs: 208,
    });
  });

  it("shorter structure after a longer one: nothing of the longer one is left", () => {
    let infoBytes = 280;
    const short = fakeCalls({ ...delivered, infoBytes: 104 });
    const long = fakeCalls(delivered);
    const calls: NativeCalls = {
      ...long,
      getsockopt: (...args) => (infoBytes === 280 ? long : short).getsockopt(...args),
    };
    const options = new LinuxSocketOptions(calls);
    assert.equal(options.tcpFacts(3)?.acknowledgedBytes, 1_001);
    infoBytes = 104;
    assert.equal(options.tcpFacts(3)?.acknowledgedBytes, 0);
  });

  it("kernel that refuses: is null or false", () => {
    const refused = fakeCalls({}, { getsockopt: () => -1, setsockopt: () => -1, dup: () => -1 });
    const options = new LinuxSocketOptions(refused);
    assert.deepEqual([options.tcpFacts(3), options.takePendingError(3)], [null, null]);
    assert.deepEqual([options.duplicate(3), options.setSoLinger(3, null)], [null, false]);
    assert.equal(options.setFinWait2Seconds(3, 1), false);
  });

  it("self-test: passes a kernel that keeps values, and names what another does not", () => {
    const complaint = (overrides: Partial<NativeCalls>, answers: Answers = {}) =>
      new LinuxSocketOptions(fakeCalls(answers, overrides)).selfTest();
    assert.equal(complaint({}), null);
    assert.equal(complaint({ socket: () => -1 }), "no socket could be made");
    // Calls that report success and do nothing, as with a wrong signature.
    assert.equal(complaint({ getsockopt: () => 0 }), "TCP_LINGER2 did not come back");
    assert.equal(complaint({}, { state: 1 }), "TCP_INFO of a new socket is not its state");
    assert.equal(complaint({ dup3: () => -1 }), "a descriptor could not be duplicated");
  });

  it("self-test: closes what it opened, duplicates included", () => {
    const closed: number[] = [];
    const close = (fd: number): number => closed.push(fd);
    assert.equal(new LinuxSocketOptions(fakeCalls({}, { close })).selfTest(), null);
    assert.equal(
      new LinuxSocketOptions(fakeCalls({}, { close, dup3: () => -1 })).duplicate(7),
      null,
    );
    assert.deepEqual(closed, [101, 100, 8]);
  });
});

describe("loadSocketOptions", () => {
  it("off: is absent, with the reason", async () => {
    const reason = "switched off";
    assert.deepEqual(await loadSocketOptions("off"), { type: "absent", reason });
  });

  it("auto: answers, and the same to everyone", async () => {
    const state = await loadSocketOptions("auto");
    assert.equal(await loadSocketOptions("auto"), state);
    if (state.type === "absent") assert.match(state.reason, /\w/);
  });

  it("auto, on a socket: sets and duplicates", async (ctx) => {
    const state = await loadSocketOptions("auto");
    if (state.type === "absent") return ctx.skip(state.reason);
    const { options } = state;
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    assert.ok((server.address() as AddressInfo).port > 0);
    const fd = descriptorOf(server) ?? -1;
    assert.equal(options.tcpFacts(fd)?.state, "other");
    assert.equal(options.setFinWait2Seconds(fd, 2), true);
    assert.equal(options.setUnacknowledgedTimeoutMs(fd, 1_000), true);
    assert.equal(options.takePendingError(fd), null);
    assert.deepEqual([options.tcpFacts(-1), options.setSoLinger(-1, 1)], [null, false]);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("descriptorOf", () => {
  it("socket that is not open: is null", () => {
    assert.equal(descriptorOf(new Socket()), null);
    assert.equal(descriptorOf(new Server()), null);
  });

  it("field that is something else, or throws: is null", () => {
    const odd = (handle: unknown): Socket => Object.assign(new Socket(), { _handle: handle });
    for (const fd of [undefined, null, -1, 1.5, "3", Number.NaN]) {
      assert.equal(descriptorOf(odd({ fd })), null);
    }
    const throwing = {
      get fd(): number {
        throw new TypeError("Illegal invocation");
      },
    };
    assert.equal(descriptorOf(odd(throwing)), null);
    assert.equal(descriptorOf(odd({ fd: 3 })), 3);
  });
});
