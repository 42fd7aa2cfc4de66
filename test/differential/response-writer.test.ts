import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type FieldLines, layOutFields } from "../../src/http1/response-fields.ts";
import { ResponseWriter } from "../../src/http1/response-writer.ts";
import { reasonPhrase } from "../../src/http1/status.ts";
import { within } from "../support/deadline.ts";

// Goal: what the writer writes is read back by a parser that is not ours, node:http's client.
// How: generated responses from a raw server, which ends only what nothing else can end.

const TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ruledByWriter = new Set(["connection", "content-length", "date", "keep-alive"]);
const refused = new Set(["host", "te", "trailer", "transfer-encoding", "upgrade"]);
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index)).join("");
const textOf = (characters: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });

const name = textOf(TOKEN, 1, 20).filter((text) => {
  const lower = text.toLowerCase();
  return !ruledByWriter.has(lower) && !refused.has(lower);
});
const value = textOf(`\t${range(0x20, 0x7e)}${range(0x80, 0xff)}`, 0, 30);
const fields = fc.array(fc.tuple(name, value), { maxLength: 5 });

const generated = fc.record({
  method: fc.constantFrom("GET", "POST", "HEAD"),
  version: fc.constantFrom("1.0" as const, "1.1" as const),
  status: fc.oneof(fc.constantFrom(200, 204, 205, 304, 404), fc.integer({ min: 200, max: 599 })),
  fields,
  trailers: fields,
  pieces: fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
  isLengthKnown: fc.boolean(),
  isPersistent: fc.boolean(),
  keepAlive: fc.constantFrom("", "timeout=5"),
});
type Generated = typeof generated extends fc.Arbitrary<infer T> ? T : never;

interface Wire {
  readonly bytes: Buffer;
  readonly framing: string;
  readonly content: Buffer;
}

/** What the writer makes of it. Content is left out where it would be refused. */
function write(each: Generated): Wire {
  const { method, version, status, pieces, isLengthKnown, isPersistent, keepAlive } = each;
  const isEmpty = status === 204 || status === 205;
  const content = isEmpty ? Buffer.alloc(0) : Buffer.concat(pieces);
  const announced = isLengthKnown ? content.byteLength : null;
  const writer = new ResponseWriter({ method, version }, status, announced);
  const head = writer.head(layOutFields(each.fields), { date: "D", isPersistent, keepAlive });
  const hasContent = !isEmpty && writer.framing !== "none";
  const sent = hasContent ? pieces.map((piece) => Buffer.from(writer.content(piece))) : [];
  const end = Buffer.from(writer.end(each.trailers));
  return {
    bytes: Buffer.concat([Buffer.from(head, "latin1"), ...sent, end]),
    framing: writer.framing,
    content: hasContent ? content : Buffer.alloc(0),
  };
}

const trim = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, "");
const flatten = (lines: FieldLines) => lines.flatMap(([key, text]) => [key, trim(text)]);

let next: Wire = { bytes: Buffer.alloc(0), framing: "none", content: Buffer.alloc(0) };
const sockets = new Set<Socket>();
const server: Server = createServer((socket) => {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => {});
  let received = "";
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
    if (!received.endsWith("\r\n\r\n")) return;
    socket.write(next.bytes);
    if (next.framing === "until-close") socket.end();
  });
});

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, "close");
});

async function fetchNext(method: string): Promise<{ message: IncomingMessage; content: Buffer }> {
  const { port } = server.address() as AddressInfo;
  const outgoing = request({ port, host: "127.0.0.1", method, agent: false });
  outgoing.end();
  const [message] = (await once(outgoing, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  message.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(message, "end");
  outgoing.destroy();
  return { message, content: Buffer.concat(chunks) };
}

async function check(each: Generated): Promise<void> {
  const wire = write(each);
  next = wire;
  const show = () => JSON.stringify(wire.bytes.toString("latin1"));
  const { message, content } = await within(fetchNext(each.method), "a response", show);
  assert.equal(message.statusCode, each.status);
  assert.equal(message.statusMessage, reasonPhrase(each.status));
  assert.equal(message.complete, true);
  assert.equal(content.equals(wire.content), true, show());
  const expected = flatten(each.fields);
  assert.deepEqual(message.rawHeaders.slice(0, expected.length), expected);
  const trailers = wire.framing === "chunked" ? flatten(each.trailers) : [];
  assert.deepEqual(message.rawTrailers, trailers);
  checkOwnFields(each, wire, message);
}

/** The fields that the writer adds itself: each at most once, as RFC 9112 §6 and §9 want them. */
function checkOwnFields(each: Generated, { framing, content }: Wire, message: IncomingMessage) {
  const own = message.rawHeaders.slice(2 * each.fields.length);
  const found = new Map<string, string>();
  for (let index = 0; index < own.length; index += 2) {
    const key = own[index] ?? "";
    assert.equal(found.has(key), false, key);
    found.set(key, own[index + 1] ?? "");
  }
  assert.equal(found.get("Date"), "D");
  assert.equal(found.has("Transfer-Encoding"), framing === "chunked");
  if (framing === "length") assert.equal(found.get("Content-Length"), String(content.byteLength));
  if (framing === "chunked" || each.status === 204) {
    assert.equal(found.has("Content-Length"), false);
  }
  const isPersistent = each.isPersistent && framing !== "until-close";
  assert.equal(found.get("Connection") === "close", !isPersistent);
}

describe("ResponseWriter", () => {
  it("any response: node:http's client reads status, fields, content and trailers", async () => {
    await fc.assert(fc.asyncProperty(generated, check), { numRuns: 60 });
  });

  it("each framing: is among the responses that can be generated", () => {
    const framings = fc.sample(generated, 400).map((each) => write(each).framing);
    assert.deepEqual([...new Set(framings)].sort(), ["chunked", "length", "none", "until-close"]);
  });
});
