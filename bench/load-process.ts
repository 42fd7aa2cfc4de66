// Our own load generator: N persistent connections over raw sockets, one request at a time on each.
//
// Usage: load-process.ts PORT TARGET CONNECTIONS SECONDS, forked, answers with one LoadReport.
// It learns the length of a response from the first one and then only counts bytes, which is right
// because a static file has the same response every time (Date has a fixed length).

import { connect, type Socket } from "node:net";
import type { LoadReport } from "./load.ts";

const [port, target, connectionCount, seconds] = process.argv.slice(2);
const REQUEST = Buffer.from(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
const STATUS_OK = "HTTP/1.1 200 ";

let requestCount = 0;
let errorCount = 0;
let openCount = 0;
let isOver = false;
const sockets = new Set<Socket>();

/** Length of the whole response at the start of the chunk; 0 when it is not a 200 with a length. */
function measureResponse(chunk: Buffer): number {
  const text = chunk.toString("latin1");
  const headBytes = text.indexOf("\r\n\r\n") + 4;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headBytes));
  if (headBytes === 3 || length === null || !text.startsWith(STATUS_OK)) return 0;
  return headBytes + Number(length[1]);
}

function open(): void {
  const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
  sockets.add(socket);
  openCount += 1;
  let responseBytes = 0;
  let receivedBytes = 0;
  socket.on("connect", () => socket.write(REQUEST));
  socket.on("data", (chunk: Buffer) => {
    if (responseBytes === 0) responseBytes = measureResponse(chunk);
    const isStart = receivedBytes === 0;
    if (responseBytes === 0 || (isStart && chunk.toString("latin1", 0, 13) !== STATUS_OK)) {
      errorCount += 1;
      socket.destroy();
      return;
    }
    receivedBytes += chunk.length;
    if (receivedBytes < responseBytes) return;
    receivedBytes = 0;
    requestCount += 1;
    if (!isOver) socket.write(REQUEST);
  });
  socket.on("error", () => {
    if (!isOver) errorCount += 1;
  });
  socket.on("close", () => {
    sockets.delete(socket);
    openCount -= 1;
    // A server may limit the requests of one connection: what a new one costs belongs to it.
    if (!isOver && errorCount < 100) open();
    else if (!isOver && openCount === 0) finish();
  });
}

function finish(): void {
  if (isOver) return;
  isOver = true;
  const report: LoadReport = { type: "load-done", requestCount, errorCount };
  process.send?.(report, () => {
    for (const socket of sockets) socket.destroy();
    process.disconnect();
  });
}

for (let i = 0; i < Number(connectionCount); i += 1) open();
const timer = setTimeout(finish, Number(seconds) * 1000);
process.once("disconnect", () => {
  clearTimeout(timer);
  process.exit(0);
});
