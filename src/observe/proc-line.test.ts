import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { socketLine, TABLE_HEAD } from "./fake-machine.ts";
import { addressText, parseSocketLine } from "./proc-line.ts";

// Goal: lines of /proc/net/tcp are read by their fields. Method: lines as kernels print them, at
// the numbers where their columns move.

describe("parseSocketLine", () => {
  for (const sl of [0, 9_999, 10_000, 99_999, 100_000, 1_000_000]) {
    it(`line ${sl}: the same fields, wherever they stand`, () => {
      const line = socketLine("05", { sl, inode: 37_605, rx: 0x2a });
      assert.deepEqual(parseSocketLine(line), {
        state: "fin-wait-2",
        local: "0100007F:1F90",
        localPort: 8_080,
        peer: "0200007F:C000",
        receiveQueue: 42,
        inode: 37_605,
      });
    });
  }

  it.each([
    ["the head", TABLE_HEAD],
    ["nothing", ""],
    ["a state that does not exist", socketLine("0F")],
    ["half a line", socketLine("05").slice(0, 20)],
    ["an address that is none", socketLine("05", { local: "0100007F" })],
  ])("%s: is no socket", (_, line) => {
    assert.equal(parseSocketLine(line), null);
  });

  it("a mini-socket, which has fewer fields: no inode", () => {
    const ends = "   2: 0100007F:99E7 0100007F:8DEE 06 00000000:00000000";
    const line = `${ends} 03:00000AAD 00000000     0        0 0 3 00000000da375f8b`;
    assert.equal(parseSocketLine(line)?.state, "time-wait");
    assert.equal(parseSocketLine(line)?.inode, 0);
  });
});

describe("addressText", () => {
  it.each([
    ["0100007F:1F90", "127.0.0.1:8080"],
    ["FE0200C0:01BB", "192.0.2.254:443"],
    ["00000000000000000000000001000000:1F90", "[::1]:8080"],
    ["B80D0120000000000000000001000000:0050", "[2001:db8::1]:80"],
    ["0000000000000000FFFF0000010200C0:0050", "192.0.2.1:80"],
    ["00000000000000000000000000000000:0016", "[::]:22"],
  ])("%s: %s", (text, address) => {
    assert.equal(addressText(text), address);
  });
});
