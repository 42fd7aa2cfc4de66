import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  allocateBytes,
  concatBytes,
  joinHeadAndContent,
  latin1Bytes,
  latin1Text,
  utf8Bytes,
} from "./latin1.ts";

// Goal: one character per byte and back, for every byte, from any kind of memory.
// How: all 256 values, with and without an offset.

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, code) => code);
const EVERY_CHARACTER = String.fromCharCode(...EVERY_BYTE);

describe("latin1", () => {
  it("every byte: a character of the same number, and back", () => {
    assert.equal(latin1Text(EVERY_BYTE, 0, 256), EVERY_CHARACTER);
    assert.deepEqual([...latin1Bytes(EVERY_CHARACTER)], [...EVERY_BYTE]);
  });

  it("a part: from start to end, in a view that does not begin its memory", () => {
    const view = EVERY_BYTE.subarray(0x40);
    assert.equal(latin1Text(view, 1, 4), "ABC");
    assert.equal(latin1Text(view, 1, 1), "");
    assert.equal(latin1Text(Buffer.from("abc"), 1, 3), "bc");
  });

  it("no text: no bytes", () => {
    assert.equal(latin1Bytes("").byteLength, 0);
    assert.equal(latin1Text(new Uint8Array(0), 0, 0), "");
  });
});

describe("utf8Bytes", () => {
  it("characters beyond ASCII: several bytes each", () => {
    assert.deepEqual([...utf8Bytes("a\u00e4\u20ac")], [0x61, 0xc3, 0xa4, 0xe2, 0x82, 0xac]);
  });
});

describe("joinHeadAndContent", () => {
  it("a head with obs-text and content of every byte: one behind the other", () => {
    const joined = joinHeadAndContent("\u00e4\r\n", EVERY_BYTE);
    assert.deepEqual([...joined], [0xe4, 0x0d, 0x0a, ...EVERY_BYTE]);
  });

  it("nothing: nothing", () => {
    assert.equal(joinHeadAndContent("", new Uint8Array(0)).byteLength, 0);
  });
});

describe("concatBytes, allocateBytes", () => {
  it("parts: in order, in as much memory as was said", () => {
    const joined = concatBytes([Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)], 3);
    assert.deepEqual([...joined], [1, 2, 3]);
    assert.equal(allocateBytes(7).byteLength, 7);
  });
});
