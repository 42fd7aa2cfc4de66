// The process that holds a crowd of connections; `crowd.ts` starts it and says what it means.
//
// A connection that ends, or is answered by less than a whole response, is a failure of the
// measurement and reported as one: bytes per connection of connections that are gone mean nothing.

import { connect, type Socket } from "node:net";
import type { CrowdCommand, CrowdKind, CrowdReport } from "./crowd.ts";
import { FILE_NAME } from "./site.ts";

/** Below the listen backlog of 511 that Node asks for. */
const OPENING_LIMIT = 64;
const DECLARED_BODY_BYTES = 1_000_000_000;
const SENT_BODY_BYTES = 1024;

const sockets = new Set<Socket>();
let finCount = 0;
let status = 0;

const REQUESTS: { readonly [K in CrowdKind]: string } = {
  idle: `GET /${FILE_NAME} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
  lingering:
    `POST /${FILE_NAME} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
    `Content-Length: ${DECLARED_BODY_BYTES}\r\n\r\n${"x".repeat(SENT_BODY_BYTES)}`,
};

function send(report: CrowdReport): void {
  process.send?.(report);
}

/** True when the text holds one whole response, by its Content-Length. */
function isWholeResponse(text: string): boolean {
  const headBytes = text.indexOf("\r\n\r\n") + 4;
  if (headBytes === 3) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headBytes));
  return length !== null && text.length >= headBytes + Number(length[1]);
}

function openOne(kind: CrowdKind, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // allowHalfOpen: without it, Node would answer the server's FIN with ours.
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    sockets.add(socket);
    let received = "";
    let isAnswered = false;
    socket.on("connect", () => socket.write(REQUESTS[kind], "latin1"));
    socket.on("data", (chunk: Buffer) => {
      if (isAnswered) return;
      received += chunk.toString("latin1");
      if (!isWholeResponse(received)) return;
      status = Number(received.slice(9, 12));
      isAnswered = true;
      received = "";
      resolve();
    });
    socket.on("end", () => {
      finCount += 1;
      if (!isAnswered) reject(new Error(`A ${kind} connection was ended without a response`));
    });
    socket.on("error", reject);
    socket.on("close", () => sockets.delete(socket));
  });
}

async function openAll(kind: CrowdKind, port: number, connectionCount: number): Promise<void> {
  let leftCount = connectionCount;
  const openInTurn = async () => {
    while (leftCount > 0) {
      leftCount -= 1;
      await openOne(kind, port);
    }
  };
  await Promise.all(Array.from({ length: OPENING_LIMIT }, openInTurn));
}

process.on("message", (command: CrowdCommand) => {
  if (command.type === "count") {
    send({ type: "counted", openCount: sockets.size, finCount, status });
    return;
  }
  openAll(command.kind, command.port, command.connectionCount).then(
    () => send({ type: "opened" }),
    (cause: Error) => send({ type: "failed", message: cause.message }),
  );
});
process.once("disconnect", () => process.exit(0));
