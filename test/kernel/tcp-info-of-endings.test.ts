import assert from "node:assert/strict";
import { closeSync } from "node:fs";
import { describe, it } from "vitest";
import { descriptorOf } from "../../src/transport/file-descriptor.ts";
import type { SocketOptions, TcpFacts } from "../../src/transport/socket-options.ts";
import { poll } from "../support/deadline.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";
import {
  SOCKET_OPTIONS_NOTE,
  socketOptions,
  type TransportPair,
  withTransportPair,
} from "../support/transport-pair.ts";

// Goal: a delivery is reported exactly if the peer's kernel has acknowledged it, also after the
// connection is closed. How: every way to end, and TCP_INFO of a descriptor that outlives it.

const CONTENT = Buffer.alloc(1_000, "c");
/** Fits into this end's send buffer and not into the receive buffer of a client that reads not. */
const LARGE = Buffer.alloc(1_000_000, "c");

interface Case extends Pick<TcpFacts, "state" | "isEverythingAcknowledged" | "isFinAcknowledged"> {
  readonly title: string;
  readonly isReading?: boolean;
  /** Acknowledged, sent, not sent; `null`: depends on the size of the client's buffer. */
  readonly bytes: readonly [number, number, number] | null;
  /** Brings the connection there. `facts` asks the kernel. */
  play(pair: TransportPair, facts: () => TcpFacts): Promise<void>;
}

const acknowledged = { isEverythingAcknowledged: true, isFinAcknowledged: true };
const lost = { isEverythingAcknowledged: false, isFinAcknowledged: false };

/** The client resets, and the RST has arrived. */
async function resetByClient(pair: TransportPair, facts: () => TcpFacts): Promise<void> {
  pair.client.reset();
  await poll(
    "RST",
    () => facts().state === "closed",
    () => JSON.stringify(facts()),
  );
}

async function sendContent({ transport }: TransportPair, facts: () => TcpFacts): Promise<void> {
  transport.write(CONTENT);
  await poll("the acknowledgment", () => facts().acknowledgedBytes >= CONTENT.byteLength);
}

async function sendContentAndFin(pair: TransportPair, facts: () => TcpFacts): Promise<void> {
  pair.transport.write(CONTENT);
  pair.transport.shutdownWrite();
  await poll(
    "FIN-WAIT-2",
    () => facts().state === "fin-wait-2",
    () => JSON.stringify(facts()),
  );
}

async function fillWindow({ transport, seen }: TransportPair, facts: () => TcpFacts) {
  transport.write(LARGE);
  transport.shutdownWrite();
  await poll("FIN", () => seen.includes("flushed"));
  await poll("a full window", () => facts().notSentBytes > 0 && facts().acknowledgedBytes > 0);
}

const CASES: readonly Case[] = [
  {
    title: "nothing written",
    state: "established",
    isEverythingAcknowledged: true,
    isFinAcknowledged: false,
    bytes: [0, 0, 0],
    play: async () => {},
  },
  {
    title: "data acknowledged",
    state: "established",
    isEverythingAcknowledged: true,
    isFinAcknowledged: false,
    bytes: [1_000, 1_000, 0],
    play: sendContent,
  },
  {
    title: "data and FIN acknowledged",
    state: "fin-wait-2",
    ...acknowledged,
    bytes: [1_001, 1_000, 0],
    play: sendContentAndFin,
  },
  {
    title: "data and FIN acknowledged, then the peer's FIN",
    state: "closed",
    ...acknowledged,
    bytes: [1_001, 1_000, 0],
    play: async (pair, facts) => {
      await sendContentAndFin(pair, facts);
      pair.client.halfClose();
      await poll("the peer's FIN", () => facts().state === "closed");
    },
  },
  {
    title: "data and FIN acknowledged, then RST",
    state: "closed",
    ...acknowledged,
    bytes: [1_001, 1_000, 0],
    play: async (pair, facts) => {
      await sendContentAndFin(pair, facts);
      await resetByClient(pair, facts);
    },
  },
  {
    title: "the peer's FIN first, then data and FIN acknowledged",
    state: "closed",
    ...acknowledged,
    bytes: [1_001, 1_000, 0],
    play: async (pair, facts) => {
      pair.client.halfClose();
      await poll("the peer's FIN", () => facts().state === "close-wait");
      pair.transport.write(CONTENT);
      pair.transport.shutdownWrite();
      await poll(
        "the end",
        () => facts().state === "closed",
        () => JSON.stringify(facts()),
      );
    },
  },
  {
    title: "full window, FIN waits behind it",
    isReading: false,
    state: "fin-wait-1",
    ...lost,
    bytes: null,
    play: fillWindow,
  },
  {
    title: "full window, FIN waits behind it, then RST",
    isReading: false,
    state: "closed",
    ...lost,
    bytes: null,
    play: async (pair, facts) => {
      await fillWindow(pair, facts);
      await resetByClient(pair, facts);
    },
  },
  {
    // The kernel does not tell it from "FIN sent and lost", so it is not called acknowledged.
    title: "data acknowledged, no FIN, then RST",
    state: "closed",
    ...lost,
    bytes: [1_000, 1_000, 0],
    play: async (pair, facts) => {
      await sendContent(pair, facts);
      await resetByClient(pair, facts);
    },
  },
  {
    title: "nothing written, then RST",
    state: "closed",
    ...lost,
    bytes: [0, 0, 0],
    play: resetByClient,
  },
];

function askedThrough(options: SocketOptions, fd: number): () => TcpFacts {
  return () => {
    const facts = options.tcpFacts(fd);
    if (facts === null) throw new Error(`Cannot read TCP_INFO of descriptor ${fd}`);
    return facts;
  };
}

describe("TCP_INFO", () => {
  for (const each of CASES) {
    const verdict = each.isFinAcknowledged ? "FIN acknowledged" : "FIN not acknowledged";
    it(`${each.title}: ${each.state}, ${verdict}`, async (ctx) => {
      const options = socketOptions;
      if (options === null) return ctx.skip(SOCKET_OPTIONS_NOTE ?? "");
      await withTransportPair({ isReading: each.isReading ?? true }, async (pair) => {
        const duplicate = options.duplicate(descriptorOf(pair.socket) ?? -1) ?? -1;
        const facts = askedThrough(options, duplicate);
        await each.play(pair, facts);
        const { state, isEverythingAcknowledged, isFinAcknowledged, ...counts } = facts();
        assert.deepEqual(
          { state, isEverythingAcknowledged, isFinAcknowledged },
          {
            state: each.state,
            isEverythingAcknowledged: each.isEverythingAcknowledged,
            isFinAcknowledged: each.isFinAcknowledged,
          },
          JSON.stringify(counts),
        );
        const { acknowledgedBytes, sentBytes, notSentBytes } = counts;
        const observed = [acknowledgedBytes, sentBytes, notSentBytes];
        if (each.bytes !== null) assert.deepEqual(observed, each.bytes);
        // The FIN is one of the bytes that are not sent.
        else assert.equal(sentBytes + notSentBytes, LARGE.byteLength + 1, String(observed));
        // The last descriptor of the socket, which the kernel now takes back.
        closeSync(duplicate);
      });
    });
  }

  it("client that half-closes, then resets: RST is pending, unseen by the runtime", async (ctx) => {
    const reason = KERNEL_NOTE ?? SOCKET_OPTIONS_NOTE;
    if (reason !== null) return ctx.skip(reason);
    await withTransportPair({}, async ({ transport, client, seen, serverPort }) => {
      client.halfClose();
      await poll("FIN", () => seen.includes("peer-end"));
      const isPendingBefore = transport.hasPendingReset();
      const { localPort } = client;
      client.reset();
      await poll("RST", () => socketOf(serverPort, localPort)?.state !== "close-wait");
      const isPending = [transport.hasPendingReset(), transport.hasPendingReset()];
      assert.deepEqual(
        { isPendingBefore, isPending, seen },
        { isPendingBefore: false, isPending: [true, true], seen: ["peer-end"] },
      );
      assert.equal(transport.tcpFacts()?.state, "closed");
    });
  });
});
