import assert from "node:assert/strict";
import { createServer, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, it } from "vitest";
import { attach } from "../../src/attach/attach.ts";
import type { ServerNotice } from "../../src/teardown/notice.ts";
import { within } from "../support/deadline.ts";
import { RawClient } from "../support/raw-client.ts";

// Goal: where a runtime does not tell of requests on its diagnostics channel, as Bun, the server
// goes on as if nobody had attached, and its operator hears of it. How: an event of a request that
// no channel has told of, on a real connection.

describe("a request that the diagnostics channel has not told of", () => {
  it("one notice; the response and the socket are the server's own", async () => {
    let isCovered: boolean | null = null;
    const server = createServer((request, response) => {
      isCovered = Object.hasOwn(request.socket, "destroySoon");
      if (response.socket === null) response.assignSocket(request.socket);
      response.writeHead(200, { "Content-Length": 8 }).end("answered");
    });
    const notices: ServerNotice[] = [];
    const onNotice = (notice: ServerNotice): void => void notices.push(notice);
    const attached = attach(server, {}, { onNotice });
    await attached.ready;
    server.on("connection", (socket: Socket) => {
      const request = new IncomingMessage(socket);
      server.emit("request", request, new ServerResponse(request));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = await RawClient.connect({ port: (server.address() as AddressInfo).port });
    await client.waitForResponses(1);
    assert.equal(client.responses[0]?.status, 200);
    assert.equal(isCovered, false);
    assert.deepEqual(
      notices.map(({ type }) => type).filter((type) => type !== "socket-options-absent"),
      ["attach-unavailable"],
    );
    assert.equal(attached.connectionCount, 0);
    client.close();
    await within(attached.shutdown({ announceMs: 0 }), "the end of the server");
  });
});
