// The node:http subject: one small file served from memory, as a careful person writes it by hand.
//
// Usage: node node-http-server.mjs FILE requests|connections
// "connections" turns the idle time-outs off and makes a refused POST linger: node:http itself only
// knows how to close at once, so the answer is written to the socket, which half-closes and reads on.
// Plain JavaScript, so that no TypeScript loader lives in the process that is measured.

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { basename } from "node:path";

const [path = "", purpose = "requests"] = process.argv.slice(2);
const content = readFileSync(path);
const target = `/${basename(path)}`;
const etag = `"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`;
const lastModified = statSync(path).mtime.toUTCString();

const REFUSAL =
  "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\n" +
  "Connection: close\r\n\r\n";

const server = createServer((request, response) => {
  if (request.method !== "GET" && request.method !== "HEAD") {
    if (purpose === "connections") {
      response.socket?.end(REFUSAL, "latin1");
      request.resume();
    } else {
      response
        .writeHead(405, { allow: "GET, HEAD", "content-length": 0, connection: "close" })
        .end();
    }
    return;
  }
  if (request.url !== target) {
    response.writeHead(404, { "content-length": 0 }).end();
    return;
  }
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304, { etag, "last-modified": lastModified }).end();
    return;
  }
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "content-length": content.length,
    etag,
    "last-modified": lastModified,
  });
  response.end(request.method === "HEAD" ? undefined : content);
});

if (purpose === "connections") {
  server.keepAliveTimeout = 600_000;
  server.requestTimeout = 0;
}

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) {
    console.log(`node:http serves http://127.0.0.1:${address.port}/`);
  }
});
