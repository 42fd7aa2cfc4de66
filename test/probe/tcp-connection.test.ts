import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { NodePort } from "../../src/probe/node-port.ts";
import { ProbeClient } from "../../src/probe/probe-client.ts";
import { within } from "../support/deadline.ts";

// Goal: the probe's client tells FIN from RST where the runtime does not. How: a server that ends
// in one way, and a client that is not reading meanwhile.

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A client that reads only once the server's socket, ended by `end`, is no more. */
async function clientOf(end: (socket: Socket) => void): Promise<ProbeClient> {
  const server = createServer({ allowHalfOpen: true });
  servers.push(server);
  const closed = new Promise<void>((resolve) => {
    server.on("connection", (socket: Socket) => {
      socket.on("error", () => {});
      socket.once("close", () => resolve());
      socket.once("data", () => end(socket));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const options = { address: "127.0.0.1", port, tlsName: null, connectTimeoutMs: 3_000 };
  const budget = { spend: () => {} };
  const client = await ProbeClient.connect(new NodePort(options), budget, { isReading: false });
  await client.send("go");
  await within(closed, "the end of the server's socket");
  client.resume();
  return client;
}

describe("TcpConnection", () => {
  it("RST behind data that was not read: RST, and no FIN", async () => {
    const client = await clientOf((socket) => {
      socket.write(Buffer.alloc(50_000), () => socket.resetAndDestroy());
    });
    expect(await client.waitForEnd(2_000)).toBe(true);
    expect(client.end).toBe("reset");
    expect(client.failure).toBe("ECONNRESET");
    expect(client.finAtMs).toBeNull();
    expect(client.reader.receivedBytes).toBe(50_000);
  });

  it("FIN behind data that was not read: FIN", async () => {
    const client = await clientOf((socket) => {
      socket.write(Buffer.alloc(50_000), () => socket.destroySoon());
    });
    expect(await client.waitForEnd(2_000)).toBe(true);
    expect(client.end).toBe("fin");
    expect(client.reader.receivedBytes).toBe(50_000);
    client.close();
  });

  it("hasMetReset: RST behind FIN shows without anything being sent", async () => {
    const client = await clientOf((socket) => socket.end(() => socket.destroy()));
    await client.waitForEnd(2_000);
    expect(await client.hasMetReset()).toBe(false);
    // Nobody has the socket any more, so this brings RST about.
    await client.send("x");
    const { sentBytes } = client;
    expect(await client.hasMetReset()).toBe(true);
    expect(client.failure).toBe("EPIPE");
    expect(client.sentBytes).toBe(sentBytes);
    client.close();
  });
});
