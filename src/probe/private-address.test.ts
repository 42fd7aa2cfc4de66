import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { isPrivateAddress } from "./private-address.ts";

// Goal: nothing beyond private networks is probed unasked. How: the first and the last address of
// each network, and their neighbors.

const PRIVATE = [
  "127.0.0.1",
  "127.255.255.255",
  "10.0.0.0",
  "10.255.255.255",
  "172.16.0.0",
  "172.31.255.255",
  "192.168.0.0",
  "192.168.255.255",
  "169.254.0.0",
  "169.254.255.255",
  "::1",
  "fc00::",
  "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  "fe80::1%eth0",
  "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  "::ffff:127.0.0.1",
  "::ffff:c0a8:1",
];

const OTHERS = [
  "0.0.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "9.255.255.255",
  "11.0.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "192.169.0.0",
  "169.253.255.255",
  "169.255.0.0",
  "100.64.0.1",
  "192.0.2.1",
  "203.0.113.1",
  "224.0.0.1",
  "::",
  "::2",
  "fbff::1",
  "fe00::1",
  "fe7f::1",
  "fec0::1",
  "ff02::1",
  "2001:db8::1",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "::ffff:203.0.113.1",
  "localhost",
  "10.0.0",
  "",
];

describe("isPrivateAddress", () => {
  it.each(PRIVATE)("%s: this machine or a private network", (address) => {
    assert.equal(isPrivateAddress(address), true);
  });

  it.each(OTHERS)('"%s": somewhere else, or no address', (address) => {
    assert.equal(isPrivateAddress(address), false);
  });
});
