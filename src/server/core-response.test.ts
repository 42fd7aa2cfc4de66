import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { refusalBytes } from "./core-response.ts";

// Goal: what the server says by itself is a whole response that closes. How: the bytes, as text.

const DATE = "Thu, 01 Jan 2026 00:00:00 GMT";
const textOf = (method: string): string =>
  Buffer.from(refusalBytes(408, "Too slow", DATE, method)).toString("latin1");

describe("refusalBytes", () => {
  it("GET: status, detail, and Connection: close", () => {
    const expected = [
      "HTTP/1.1 408 Request Timeout",
      "Content-Type: text/plain; charset=utf-8",
      `Date: ${DATE}`,
      "Content-Length: 29",
      "Connection: close",
      "",
      "408 Request Timeout\nToo slow\n",
    ];
    assert.equal(textOf("GET"), expected.join("\r\n"));
  });

  it("HEAD: the same without the content", () => {
    assert.equal(`${textOf("HEAD")}408 Request Timeout\nToo slow\n`, textOf("GET"));
  });
});
