import assert from "node:assert/strict";
import { SocketAddress } from "node:net";
import { describe, it } from "vitest";
import { ipv4Text, ipv6Text } from "./address-text.ts";

// Goal: addresses are written as RFC 5952 wants it. How: chosen words, and many made-up ones that
// the runtime's own printing (inet_ntop) is asked about too.

describe("ipv4Text", () => {
  it("a number: is four bytes in network order", () => {
    assert.equal(ipv4Text(0x7f000001), "127.0.0.1");
    assert.equal(ipv4Text(0xffffffff), "255.255.255.255");
  });
});

describe("ipv6Text", () => {
  const cases: [[number, number, number, number], string][] = [
    [[0, 0, 0, 0], "::"],
    [[0, 0, 0, 1], "::1"],
    [[0x20010db8, 0, 0, 0x00010000], "2001:db8::1:0"],
    [[0x20010db8, 0x00000001, 0x00010001, 0x00010001], "2001:db8:0:1:1:1:1:1"],
    [[0x20010db8, 0, 0x00010000, 0x00000001], "2001:db8::1:0:0:1"],
    [[0xfe800000, 0, 0, 0], "fe80::"],
    [[0, 0, 0xffff, 0xc0000201], "192.0.2.1"],
  ];
  for (const [words, text] of cases) {
    it(`${words.map((word) => word.toString(16)).join(" ")}: is ${text}`, () => {
      assert.equal(ipv6Text(words), text);
    });
  }

  it("every pattern of zero groups: is what the system writes", () => {
    for (let pattern = 0; pattern < 256; pattern++) {
      const groups = Array.from({ length: 8 }, (_, index) => ((pattern >> index) & 1) * 0xa1b);
      const word = (index: number): number =>
        (groups[2 * index] ?? 0) * 0x10000 + (groups[2 * index + 1] ?? 0);
      const address = groups.map((group) => group.toString(16)).join(":");
      const wanted = new SocketAddress({ family: "ipv6", address }).address;
      // The system writes ::a.b.c.d for what was once IPv4-compatible (RFC 4291 §2.5.5.1).
      if (wanted.includes(".")) continue;
      assert.equal(ipv6Text([word(0), word(1), word(2), word(3)]), wanted);
    }
  });
});
