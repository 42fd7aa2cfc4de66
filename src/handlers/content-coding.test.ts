import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  AcceptEncodingMemo,
  CONTENT_CODINGS,
  type ContentCoding,
  chooseByCoding,
} from "./content-coding.ts";

// Goal: Accept-Encoding by RFC 9110 §12.5.3, over files that have all, some or no siblings.
// How: a table of field value, what exists, and what is chosen.

const ALL = CONTENT_CODINGS;
const PLAIN: readonly ContentCoding[] = ["identity"];
const GZIP: readonly ContentCoding[] = ["identity", "gzip"];

type Row = readonly [string | undefined, readonly ContentCoding[], ContentCoding | null];

const TABLE: readonly Row[] = [
  [undefined, ALL, "identity"],
  ["", ALL, "identity"],
  ["gzip, deflate, br, zstd", ALL, "br"],
  ["gzip, deflate, br", GZIP, "gzip"],
  ["gzip", ALL, "gzip"],
  ["GZIP", ALL, "gzip"],
  ["x-gzip", ALL, "gzip"],
  ["deflate", ALL, "identity"],
  ["*", ALL, "br"],
  ["*", PLAIN, "identity"],
  ["br;q=0.5, gzip;q=0.9", ALL, "gzip"],
  ["br;q=0.5, gzip;q=0.500", ALL, "br"],
  ["gzip;q=0.001", ALL, "gzip"],
  ["gzip;q=0", ALL, "identity"],
  ["gzip ; q=0.5", ALL, "gzip"],
  ["gzip;Q=0.5", ALL, "gzip"],
  ["identity, gzip;q=0.5", ALL, "identity"],
  ["identity;q=0.5, gzip;q=0.5", ALL, "gzip"],
  ["br;q=0, *;q=0.5", ALL, "gzip"],
  ["*;q=0.5, gzip;q=0.2", ALL, "br"],
  ["*;q=0", ALL, null],
  ["*;q=0, gzip", ALL, "gzip"],
  ["*;q=0, identity;q=0.1", ALL, "identity"],
  ["identity;q=0", ALL, null],
  ["identity;q=0, gzip", ALL, "gzip"],
  ["identity;q=0, gzip", PLAIN, null],
  ["identity;q=0, *", ALL, "br"],
  ["gzip;q=2", ALL, "identity"],
  ["gzip;q=0.1234", ALL, "identity"],
  ["gzip;q=x, br", ALL, "br"],
  ["gzip;level=1", ALL, "identity"],
  [", ,gzip,", ALL, "gzip"],
];

describe("chooseByCoding", () => {
  for (const [value, codings, expected] of TABLE) {
    it(`${value ?? "no field"} with ${codings.join(" ")}: ${expected}`, () => {
      const choices = codings.map((coding) => ({ coding }));
      const weights = new AcceptEncodingMemo().weightsOf(value);
      assert.equal(chooseByCoding(choices, weights)?.coding ?? null, expected);
      assert.equal(chooseByCoding([...choices].reverse(), weights)?.coding ?? null, expected);
    });
  }
});

describe("AcceptEncodingMemo", () => {
  it("the same value again: gives the same object", () => {
    const memo = new AcceptEncodingMemo();
    assert.equal(memo.weightsOf("gzip, br"), memo.weightsOf("gzip, br"));
  });

  it("a thousand different values: do not stay", () => {
    const memo = new AcceptEncodingMemo();
    for (let index = 0; index < 1_000; index++) memo.weightsOf(`x${index}`);
    assert.ok(memo.size <= 64);
  });
});
