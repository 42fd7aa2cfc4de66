import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, it } from "vitest";
import { poll, Signal, within } from "./deadline.ts";
import { Link } from "./link.ts";
import { RawClient } from "./raw-client.ts";

// Goal: the link carries bytes, FIN, half-close and RST as they are, and holds no more than its
// window. How: a TCP server at one end, a raw client at the other, each saying what it saw.

const WINDOW_BYTES = 100_000;
/** What one read of the runtime may bring. */
const READ_BYTES = 65_536;

interface LinkScene {
  readonly link: Link;
  readonly client: RawClient;
  readonly accepted: Socket;
}

const linkScene =
  (play: (scene: LinkScene) => Promise<void>, oneWayMs = 5) =>
  async (): Promise<void> => {
    const arrival = new Signal<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => arrival.fire(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port: targetPort } = server.address() as AddressInfo;
    const link = await Link.open({ targetPort, oneWayMs, windowBytes: WINDOW_BYTES });
    const client = await RawClient.connect({ port: link.port });
    const accepted = await within(arrival.promise, "the connection to arrive");
    try {
      await play({ link, client, accepted });
    } finally {
      client.close();
      accepted.destroy();
      await link.close();
      await within(new Promise((resolve) => server.close(resolve)), "the server to close");
    }
  };

function watchEnd(socket: Socket): Promise<string> {
  return within(
    new Promise((resolve) => {
      socket.once("end", () => resolve("fin"));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
      socket.resume();
    }),
    "FIN or RST",
  );
}

const response = (bytes: number): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${"x".repeat(bytes)}`;

describe("Link", () => {
  it(
    "client's FIN: arrives as a half-close, and the answer and our FIN pass behind it",
    linkScene(async ({ client, accepted }) => {
      await client.write("some");
      client.halfClose();
      assert.equal(await watchEnd(accepted), "fin");
      assert.equal(accepted.bytesRead, 4);
      accepted.end(response(50_000));
      await client.waitForFin();
      assert.equal(client.last.bodyBytes, 50_000);
      assert.equal(client.error, null);
    }),
  );

  it(
    "server's FIN: the client goes on sending, and all of it arrives",
    linkScene(async ({ client, accepted }) => {
      accepted.end(response(3));
      await client.waitForFin();
      await client.write(new Uint8Array(500_000));
      client.halfClose();
      assert.equal(await watchEnd(accepted), "fin");
      assert.equal(accepted.bytesRead, 500_000);
    }),
  );

  it(
    "server's RST: is an RST to the client, behind what was sent before it",
    linkScene(async ({ client, accepted }) => {
      await new Promise<void>((resolve) => accepted.write(response(7), () => resolve()));
      await client.waitForResponses(1);
      accepted.resetAndDestroy();
      await client.waitForError();
      assert.equal(client.error?.code, "ECONNRESET");
      assert.equal(client.finAtMs, null);
    }),
  );

  it(
    "client's RST: is an RST to the server",
    linkScene(async ({ client, accepted }) => {
      await client.write("some");
      const end = watchEnd(accepted);
      await poll("four bytes", () => accepted.bytesRead === 4);
      client.reset();
      assert.equal(await end, "ECONNRESET");
    }),
  );

  it(
    "a server that closes with bytes unread: the RST of its kernel reaches the client",
    linkScene(async ({ client, accepted }) => {
      accepted.pause();
      const written = client.write(new Uint8Array(2_000_000));
      await poll("the first bytes", () => accepted.readableLength > 0);
      accepted.destroy();
      await client.waitForError();
      await within(written, "the upload to fail");
    }),
  );

  it(
    "a server that does not read: the link holds its window, and nothing is lost",
    linkScene(async ({ link, client, accepted }) => {
      const uploadBytes = 40_000_000;
      accepted.pause();
      const written = client.write(new Uint8Array(uploadBytes));
      await poll("a full window", () => link.heldBytes >= WINDOW_BYTES);
      const end = watchEnd(accepted);
      await within(written, "the upload to be written");
      client.halfClose();
      assert.equal(await end, "fin");
      assert.equal(accepted.bytesRead, uploadBytes);
      assert.ok(link.peakHeldBytes < WINDOW_BYTES + READ_BYTES, `${link.peakHeldBytes}`);
    }),
  );
});

describe("Link to nobody", () => {
  it("the client sees an RST", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port: targetPort } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const link = await Link.open({ targetPort, oneWayMs: 1 });
    const client = await RawClient.connect({ port: link.port });
    await client.waitForError();
    assert.equal(client.error?.code, "ECONNRESET");
    await link.close();
  });
});
