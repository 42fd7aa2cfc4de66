import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeContainer, fakeServer, limitsText } from "./fake-machine.ts";
import { FakeMachineFiles } from "./fake-machine-files.ts";
import { readMachine } from "./machine-readings.ts";

// Goal: every reading is the number of its file, or says why it is none. Method: made-up machines;
// the real one is read in test/cli/doctor.test.ts.

describe("readMachine", () => {
  it("a server: every value is known, with its file", () => {
    const machine = readMachine(fakeServer());
    const all = { ...machine.settings, ...machine.use, ...machine.counters };
    for (const [name, { value, source, unknownBecause }] of Object.entries(all)) {
      assert.equal(unknownBecause, null, name);
      assert.ok(Number.isFinite(value), name);
      assert.match(source, /^\/proc\//, name);
    }
    assert.equal(Object.keys(all).length, 25 + 10 + 13);
  });

  it("columns and fields: each is its own", () => {
    const { settings, use, counters } = readMachine(fakeServer());
    const { tcpMemoryLowPages, tcpMemoryPressurePages, tcpMemoryLimitPages } = settings;
    const memory = [tcpMemoryLowPages, tcpMemoryPressurePages, tcpMemoryLimitPages];
    assert.deepEqual(
      memory.map(({ value }) => value),
      [287_898, 383_865, 575_796],
    );
    const counts = [use.orphanCount, use.timeWaitCount, use.tcpMemoryPages, use.tcp6Count];
    assert.deepEqual(
      counts.map(({ value }) => value),
      [2, 926, 30, 7],
    );
    assert.equal(settings.descriptorLimit.value, 20_000);
    assert.equal(settings.descriptorHardLimit.value, 524_288);
    assert.equal(use.establishedCount.value, 23);
    assert.equal(counters.OutRsts.value, 620);
  });

  it("memory and pages: are bytes", () => {
    const { memoryBytes, pageBytes, uptimeSeconds } = readMachine(fakeServer());
    assert.equal(memoryBytes.value, 24_683_620 * 1_024);
    assert.equal(pageBytes.value, 4_096);
    assert.equal(uptimeSeconds.value, 7_200.5);
  });

  it.each([
    ["", 28_232],
    ["40000", 28_231],
    ["1000-40000,50000-50009,61000", 28_232 - 7_233 - 10],
  ])("reserved ports %j: %i are left to choose from", (reserved, count) => {
    const files = fakeServer({ "/proc/sys/net/ipv4/ip_local_reserved_ports": `${reserved}\n` });
    assert.equal(readMachine(files).ephemeralPorts.value, count);
  });

  it("a server: sizes of its own slabs, with their parts", () => {
    const [owned, orphan, mini] = readMachine(fakeServer()).stateMemory;
    assert.deepEqual(
      [owned, orphan, mini].map((memory) => [memory?.bytes, memory?.origin]),
      [
        [3_584, "this-machine"],
        [2_368, "this-machine"],
        [256, "this-machine"],
      ],
    );
    assert.equal(owned?.parts, "TCP 2368 + sock_inode_cache 832 + filp 192 + dentry 192");
  });

  it("a container: measured sizes, marked as such; tracking unknown, with the reason", () => {
    const { stateMemory, settings, use } = readMachine(fakeContainer());
    assert.deepEqual(
      stateMemory.map(({ bytes, origin }) => [bytes, origin]),
      [3_640, 2_368, 256, 320, 256].map((bytes) => [bytes, "measured-elsewhere"]),
    );
    const reason = "/proc/sys/net/netfilter/nf_conntrack_max cannot be read";
    assert.equal(settings.conntrackLimit.value, null);
    assert.equal(settings.conntrackLimit.unknownBecause, reason);
    assert.equal(use.conntrackCount.value, null);
  });

  it("a kernel without a counter, a file with something else in it: unknown, and named", () => {
    const { counters, settings } = readMachine(
      fakeServer({
        "/proc/net/netstat": "TcpExt: PruneCalled\nTcpExt: 5\n",
        "/proc/sys/net/core/somaxconn": "many\n",
      }),
    );
    assert.equal(counters.PruneCalled.value, 5);
    const reason = "/proc/net/netstat has no TcpExt ListenDrops";
    assert.equal(counters.ListenDrops.unknownBecause, reason);
    const somaxconn = "/proc/sys/net/core/somaxconn has no number";
    assert.equal(settings.acceptQueueLimit.unknownBecause, somaxconn);
  });

  it("unlimited: is no number, and says so", () => {
    const limits = limitsText("unlimited", "unlimited");
    const { descriptorLimit } = readMachine(fakeServer({ "/proc/self/limits": limits })).settings;
    assert.equal(descriptorLimit.value, null);
    const reason = "/proc/self/limits Max open files, soft limit is unlimited";
    assert.equal(descriptorLimit.unknownBecause, reason);
  });

  it("another system: nothing is read, everything says why", () => {
    const files = new FakeMachineFiles({}, {}, "darwin");
    const { settings, use, counters, stateMemory, ephemeralPorts } = readMachine(files);
    for (const reading of Object.values({ ...settings, ...use, ...counters, ephemeralPorts })) {
      assert.equal(reading.value, null);
      assert.match(String(reading.unknownBecause), /on Linux only, and this is darwin$/);
    }
    assert.deepEqual(stateMemory, []);
    assert.equal(files.readCount, 0);
  });
});
