import assert from "node:assert/strict";
import { SocketAddress } from "node:net";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { addressKey, addressPrefix } from "./address.ts";

// Goal: one client has one key however its address is written. How: a table, and random addresses
// in several spellings.

const ADDRESSES: readonly (readonly [address: string, prefix: string, key: string])[] = [
  ["192.0.2.77", "192.0.2.0/24", "192.0.2.77"],
  ["0.0.0.0", "0.0.0.0/24", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.0/24", "255.255.255.255"],
  ["::ffff:192.0.2.77", "192.0.2.0/24", "192.0.2.77"],
  ["::FFFF:c000:24d", "192.0.2.0/24", "192.0.2.77"],
  ["0:0:0:0:0:ffff:192.0.2.77", "192.0.2.0/24", "192.0.2.77"],
  ["2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64", "2001:db8:0:1::/64"],
  ["2001:0DB8::1:0:0:1", "2001:db8::/64", "2001:db8::/64"],
  ["2001:db8:0:1::", "2001:db8:0:1::/64", "2001:db8:0:1::/64"],
  ["2001:db8:1::1", "2001:db8:1::/64", "2001:db8:1::/64"],
  ["0:0:0:1:2:3:4:5", "0:0:0:1::/64", "0:0:0:1::/64"],
  ["64:ff9b::192.0.2.77", "64:ff9b::/64", "64:ff9b::/64"],
  ["::1", "::/64", "::/64"],
  ["::", "::/64", "::/64"],
  ["fe80::1%eth0", "fe80::/64", "fe80::/64"],
  ...["", "localhost", "/run/finwait.sock", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2..4"].map(
    (text) => [text, text, text] as const,
  ),
  ...[":", ":::", "1::2::3", "1:2:3", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "g::1"].map(
    (text) => [text, text, text] as const,
  ),
  ...["12345::", "1.2.3.4::", "::1.2.3.256", ":1:2:3:4:5:6:7", "%eth0"].map(
    (text) => [text, text, text] as const,
  ),
];

describe("addressPrefix, addressKey", () => {
  for (const [address, prefix, key] of ADDRESSES) {
    it(`${address || "nothing"}: is in ${prefix}, counts as ${key}`, () => {
      assert.equal(addressPrefix(address), prefix);
      assert.equal(addressKey(address), key);
    });
  }

  it("any IPv6 address, written in full or as Node does: the same /64", () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    const check = fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const full = groups.map((each) => each.toString(16).padStart(4, "0")).join(":");
      const network = [...groups.slice(0, 4), 0, 0, 0, 0].map((each) => each.toString(16));
      const short = new SocketAddress({ address: full, family: "ipv6" }).address;
      const wanted = new SocketAddress({ address: network.join(":"), family: "ipv6" }).address;
      fc.pre(!short.includes("."));
      assert.equal(addressKey(full), `${wanted}/64`);
      assert.equal(addressKey(short), `${wanted}/64`);
    });
    fc.assert(check, { numRuns: 500 });
  });
});
