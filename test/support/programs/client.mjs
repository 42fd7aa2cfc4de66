// A client of Node.js: fetch or node:http carries out a plan (test/support/client-plan.ts).
//
// Usage: node client.mjs fetch|node:http PLAN; prints what was seen, as JSON.

import { Agent, request as nodeRequest } from "node:http";
import { Readable } from "node:stream";

const CHUNK_BYTES = 65_536;

function* chunks(uploadBytes) {
  for (let start = 0; start < uploadBytes; start += CHUNK_BYTES) {
    yield Buffer.alloc(Math.min(CHUNK_BYTES, uploadBytes - start), "u");
  }
}

function fieldsOf({ fieldBytes }) {
  return fieldBytes > 0 ? { "X-Large": "x".repeat(fieldBytes) } : {};
}

/** fetch has one pool, and no way to leave it. */
async function askWithFetch(port, asked) {
  const { uploadBytes, coding } = asked;
  const options = { headers: fieldsOf(asked) };
  if (uploadBytes > 0) {
    options.method = "POST";
    options.duplex = "half";
    options.body =
      coding === "chunked"
        ? Readable.toWeb(Readable.from(chunks(uploadBytes)))
        : Buffer.alloc(uploadBytes, "u");
  }
  const response = await fetch(`http://127.0.0.1:${port}${asked.target}`, options);
  return [response.status, (await response.arrayBuffer()).byteLength];
}

function askWithNode(port, asked, agent) {
  const { target, uploadBytes, coding } = asked;
  const isChunked = coding === "chunked";
  return new Promise((resolve, reject) => {
    const headers = fieldsOf(asked);
    if (uploadBytes > 0 && !isChunked) headers["Content-Length"] = uploadBytes;
    const method = uploadBytes > 0 ? "POST" : "GET";
    const options = { port, host: "127.0.0.1", method, path: target, headers, agent };
    let isAnswered = false;
    const outgoing = nodeRequest(options, (response) => {
      isAnswered = true;
      let bodyBytes = 0;
      response.on("data", (piece) => {
        bodyBytes += piece.length;
      });
      response.on("end", () => resolve([response.statusCode, bodyBytes]));
      response.on("error", reject);
    });
    // Behind the response an error says only that the rest of the upload had no use.
    outgoing.on("error", (error) => {
      if (!isAnswered) reject(error);
    });
    if (uploadBytes === 0) outgoing.end();
    else if (isChunked) Readable.from(chunks(uploadBytes)).pipe(outgoing);
    else outgoing.end(Buffer.alloc(uploadBytes, "u"));
  });
}

const [, , name, planText] = process.argv;
const plan = JSON.parse(planText);
const agent = plan.pooling === "kept" ? new Agent({ keepAlive: true, maxSockets: 1 }) : false;
const seen = [];
for (const asked of plan.requests) {
  try {
    seen.push(
      name === "fetch"
        ? await askWithFetch(plan.port, asked)
        : await askWithNode(plan.port, asked, agent),
    );
  } catch (error) {
    const { code, message } = error.cause ?? error;
    seen.push([code ?? error.name, message]);
  }
}
process.stdout.write(JSON.stringify(seen), () => process.exit(0));
