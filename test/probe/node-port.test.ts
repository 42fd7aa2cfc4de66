import { describe, expect, it } from "vitest";
import { NodePort } from "../../src/probe/node-port.ts";
import { ProbeClient } from "../../src/probe/probe-client.ts";
import { FixtureConnection } from "./fixture-connection.ts";
import { type ConnectionClass, FixtureServer } from "./fixture-server.ts";

// Goal: what the client's kernel has received is never lost, and each kind of end is told apart.
// How: servers that end in one way each, plain and over TLS.

const WAIT_MS = 3_000;
const UNBOUNDED = { spend: () => {} };

interface ConnectOptions {
  readonly Connection?: ConnectionClass;
  readonly isTls?: boolean;
  readonly isReading?: boolean;
}

async function withClient(
  { Connection = FixtureConnection, isTls = false, isReading = true }: ConnectOptions,
  use: (client: ProbeClient) => Promise<void>,
): Promise<void> {
  await using server = await FixtureServer.start({ Connection, isTls });
  const port = new NodePort({
    address: "127.0.0.1",
    port: server.port,
    tlsName: isTls ? "localhost" : null,
    connectTimeoutMs: WAIT_MS,
  });
  const client = await ProbeClient.connect(port, UNBOUNDED, { isReading });
  try {
    await use(client);
  } finally {
    client.close();
  }
}

const LAST = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** Answers, and resets once more has come than it reads. */
class AnswersThenResets extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
  }

  protected override handleDiscarded(): void {
    this.tcp.resetAndDestroy();
  }
}

describe("NodePort", () => {
  it.each([false, true])("FIN, over TLS behind close_notify (TLS: %s)", async (isTls) => {
    await withClient({ isTls }, async (client) => {
      await client.send(LAST, "GET");
      expect(await client.waitForEnd(WAIT_MS)).toBe(true);
      expect([client.end, client.completeCount]).toEqual(["fin", 1]);
      expect(client.closeNotifyAtMs !== null).toBe(isTls);
      expect((client.closeNotifyAtMs ?? 0) <= (client.finAtMs ?? 0)).toBe(true);
    });
  });

  it("keeps what came before an RST, though nothing was read and a write has failed", async () => {
    await withClient({ Connection: AnswersThenResets, isReading: false }, async (client) => {
      await client.send(LAST, "GET");
      const end = await client.sendContent({
        byteLength: 50_000_000,
        isChunked: false,
        patienceMs: WAIT_MS,
      });
      expect(end).toBe("refused");
      await client.waitForEnd(WAIT_MS);
      expect([client.end, client.completeCount]).toEqual(["reset", 1]);
    });
  });

  it.each([false, true])(
    "a reader that begins late: FIN stands behind what came before it (TLS: %s)",
    async (isTls) => {
      await withClient({ isTls, isReading: false }, async (client) => {
        await client.send(LAST, "GET");
        const options = { byteLength: 2_000_000, isChunked: false, patienceMs: WAIT_MS };
        expect(await client.sendContent(options)).toBe("sent");
        client.resume();
        expect(await client.waitForResponses(1, WAIT_MS)).toBe(true);
        await client.waitForEnd(WAIT_MS);
        expect([client.end, client.closeNotifyAtMs !== null]).toEqual(["fin", isTls]);
      });
    },
  );

  it("over TLS, too, keeps what came before an RST and was not read", async () => {
    const options = { Connection: AnswersThenResets, isTls: true, isReading: false };
    await withClient(options, async (client) => {
      await client.send(LAST, "GET");
      const content = { byteLength: 50_000_000, isChunked: false, patienceMs: WAIT_MS };
      expect(await client.sendContent(content)).toBe("refused");
      await client.waitForEnd(WAIT_MS);
      expect([client.end, client.completeCount]).toEqual(["reset", 1]);
    });
  });

  it("says so when a server takes no more", async () => {
    class ReadsNothing extends FixtureConnection {
      protected override handleData(): void {
        this.socket.pause();
      }
    }
    await withClient({ Connection: ReadsNothing }, async (client) => {
      await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000000\r\n\r\n", "POST");
      const options = { byteLength: 90_000_000, isChunked: false, patienceMs: 200 };
      expect(await client.sendContent(options)).toBe("stalled");
      expect(client.end).toBe("open");
    });
  });

  it("asks a server that still reads without disturbing it", async () => {
    await withClient({}, async (client) => {
      await client.send(GET, "GET");
      await client.waitForResponses(1, WAIT_MS);
      expect(await client.isRefusingData()).toBe(false);
      await client.send(GET, "GET");
      expect(await client.waitForResponses(2, WAIT_MS)).toBe(true);
    });
  });

  it("learns behind FIN that nobody has the socket", async () => {
    class Closes extends FixtureConnection {
      protected override end(): void {
        this.isEnding = true;
        this.socket.destroySoon();
      }
    }
    await withClient({ Connection: Closes }, async (client) => {
      await client.send(LAST, "GET");
      await client.waitForEnd(WAIT_MS);
      expect(client.end).toBe("fin");
      expect(await client.isRefusingData()).toBe(true);
      expect(client.end).toBe("reset");
    });
  });

  it("half-closes, and goes on reading", async () => {
    await withClient({}, async (client) => {
      await client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n", "GET");
      client.halfClose();
      expect(await client.waitForResponses(1, WAIT_MS)).toBe(true);
      expect(client.response?.contentBytes).toBe(6_000_000);
    });
  });
});
