// The server of the attach benchmark: node:http with 1 KB from memory, bare or with finwait attached.
//
// Usage: node attach-server.mjs bare|attached
// "/counts" says how many connections and other requests there were, so that the benchmark can
// check that all of them were answered. Nothing else differs between the two.
// Plain JavaScript, so that no TypeScript loader lives in the process that is measured.

import { createServer } from "node:http";

const CONTENT = Buffer.alloc(1_024, "x");
let connectionCount = 0;
let requestCount = 0;

const server = createServer((request, response) => {
  if (request.url === "/counts") {
    response.setHeader("connection", "close");
    response.end(JSON.stringify({ connectionCount, requestCount }));
    return;
  }
  requestCount += 1;
  response.writeHead(200, { "content-type": "text/plain", "content-length": CONTENT.length });
  response.end(CONTENT);
});
server.on("connection", () => {
  connectionCount += 1;
});

if (process.argv[2] === "attached") {
  const { attach } = await import("../dist/attach/attach.js");
  await attach(server).ready;
}
server.listen(0, "127.0.0.1", () => {
  console.log(`serves http://127.0.0.1:${server.address().port}/`);
});
