import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeServer, limitsText, socketLine, TABLE_HEAD } from "./fake-machine.ts";
import { FakeMachineFiles } from "./fake-machine-files.ts";
import { takeCensus } from "./socket-census.ts";

// Goal: sockets are counted by state and by the process that holds them, within bounds. Method:
// made-up tables and processes; a real leak is found in test/cli/doctor.test.ts.

const PORTS = { first: 32_768, last: 60_999 };
const LIMITS = limitsText(1_024, 4_096);

interface FakeProcess {
  readonly cmdline?: string;
  readonly inodes: readonly number[];
}

function machineWith(
  lines: readonly string[],
  processes: Readonly<Record<number, FakeProcess>> = {},
): FakeMachineFiles {
  const files = fakeServer({ "/proc/net/tcp": TABLE_HEAD + lines.join("") });
  for (const [pid, { cmdline = "server\0", inodes }] of Object.entries(processes)) {
    files.texts.set(`/proc/${pid}/comm`, "server\n");
    files.texts.set(`/proc/${pid}/cmdline`, cmdline);
    files.texts.set(`/proc/${pid}/limits`, LIMITS);
    for (const [index, inode] of inodes.entries()) {
      files.links.set(`/proc/${pid}/fd/${index}`, `socket:[${inode}]`);
    }
  }
  return files;
}

describe("takeCensus", () => {
  it("sockets in CLOSE-WAIT: belong to the processes that hold them, the most first", () => {
    const lines = [11, 12, 13, 14].map((inode) => socketLine("08", { inode }));
    const census = takeCensus(
      machineWith(lines, { 7: { inodes: [11] }, 8: { inodes: [12, 13] } }),
      null,
    );
    const held = census.closeWaitByProcess();
    assert.deepEqual(
      held.map(({ pid, command, count, descriptorLimit }) => ({
        pid,
        command,
        count,
        descriptorLimit,
      })),
      [
        { pid: 8, command: "server", count: 2, descriptorLimit: 1_024 },
        { pid: null, command: "(owner not visible)", count: 1, descriptorLimit: null },
        { pid: 7, command: "server", count: 1, descriptorLimit: 1_024 },
      ],
    );
    assert.equal(held[0]?.oldestMs, null);
  });

  it("FIN-WAIT-2: owned and orphaned apart", () => {
    const lines = [socketLine("05", { inode: 11 }), socketLine("05"), socketLine("05")];
    const census = takeCensus(machineWith(lines, { 7: { inodes: [11] } }), null);
    assert.deepEqual(
      census.finWait2ByOwner().map(({ pid, count }) => [pid, count]),
      [[7, 1]],
    );
    assert.equal(census.finWait2OrphanCount(), 2);
    assert.deepEqual(census.stateCounts(), { "fin-wait-2": 3 });
  });

  it("CLOSE-WAIT in the accept queue: nobody holds it", () => {
    const census = takeCensus(machineWith([socketLine("08", { inode: 0 })]), null);
    assert.deepEqual(census.closeWaitByProcess(), []);
    assert.deepEqual(census.stateCounts(), { "close-wait": 1 });
  });

  it("a socket that two processes share: counts once", () => {
    // One that nobody has keeps the search going.
    const lines = [socketLine("08", { inode: 11 }), socketLine("08", { inode: 12 })];
    const processes = { 9: { inodes: [11] }, 10: { inodes: [11] } };
    const held = takeCensus(machineWith(lines, processes), null).closeWaitByProcess();
    assert.deepEqual(
      held.map(({ pid, count }) => [pid, count]),
      [
        [null, 1],
        [9, 1],
      ],
    );
  });

  it("IPv6 sockets: count as well", () => {
    const files = machineWith([]);
    const local = "00000000000000000000000001000000:1F90";
    const line = socketLine("08", { local, peer: local, inode: 5 });
    files.texts.set("/proc/net/tcp6", TABLE_HEAD + line);
    assert.deepEqual(takeCensus(files, null).stateCounts(), { "close-wait": 1 });
  });

  it("listeners: the one with the longest queue", () => {
    const lines = [1, 9, 3].map((rx) => socketLine("0A", { rx, local: `00000000:00${rx}0` }));
    const queue = takeCensus(machineWith(lines), PORTS).fullestAcceptQueue();
    assert.deepEqual(queue, { local: "0.0.0.0:144", waitingCount: 9 });
  });

  it("ports: those of the range towards one peer, each once", () => {
    const peer = "0202000A:01BB";
    const lines = ["8000", "8001", "8001", "1F90"].map((port) => {
      return socketLine("06", { local: `0100000A:${port}`, peer });
    });
    lines.push(socketLine("01", { local: "0100000A:8002", peer: "0302000A:01BB" }));
    const busiest = takeCensus(machineWith(lines), PORTS).busiestPeer();
    assert.deepEqual(busiest, { peer: "10.0.2.2:443", portCount: 2 });
    assert.equal(takeCensus(machineWith(lines), null).busiestPeer(), null);
  });

  it("the fullest process: by its share of descriptors", () => {
    const files = machineWith([], { 7: { inodes: [1, 2, 3] }, 8: { inodes: [4, 5] } });
    files.texts.set("/proc/7/limits", LIMITS.replace("1024", "9000"));
    assert.equal(takeCensus(files, null).fullestProcess()?.pid, 8);
  });

  it("a process of another user: is a gap, and says that root is needed", () => {
    const files = machineWith([]);
    files.texts.set("/proc/44/comm", "nginx\n");
    assert.deepEqual(takeCensus(files, null).gaps(), [
      "1 processes of other users were not looked into: that needs root",
    ]);
  });

  it("a table that cannot be read, another system: gaps", () => {
    const files = machineWith([]);
    files.texts.set("/proc/net/tcp6", null);
    assert.deepEqual(takeCensus(files, null).gaps(), ["/proc/net/tcp6 cannot be read"]);
    const other = new FakeMachineFiles({}, {}, "win32");
    assert.deepEqual(takeCensus(other, null).gaps(), [
      "the socket table is read on Linux only, and this is win32",
    ]);
    assert.equal(other.readCount, 0);
  });
});

describe("the command of a process", () => {
  it.each([
    ["program and script", "/usr/bin/node\0/srv/app.js\0--token=x\0", "node /srv/app.js"],
    ["a relative script", "node\0server.mjs\0", "node server.mjs"],
    ["an argument that may be a secret", "mysql\0-psecret\0", "mysql"],
    ["a setting that may be one", "run\0PASSWORD=/x\0", "run"],
    ["a word", "nginx:\0master\0", "nginx:"],
    ["no command line", "", "server"],
    ["an escape sequence", "\x1b[2Jserver\0", "?[2Jserver"],
    ["too long", `/${"x".repeat(80)}\0`, `${"x".repeat(57)}...`],
  ])("%s: %j is %s", (_, cmdline, command) => {
    const files = machineWith([socketLine("08", { inode: 1 })], { 7: { cmdline, inodes: [1] } });
    assert.equal(takeCensus(files, null).closeWaitByProcess()[0]?.command, command);
  });
});

describe("bounds", () => {
  it("no socket of interest: no link is followed", () => {
    const files = machineWith([socketLine("01", { inode: 1 })], { 7: { inodes: [1, 2] } });
    const links = files.linkTarget.bind(files);
    let followed = 0;
    files.linkTarget = (path) => {
      followed++;
      return links(path);
    };
    takeCensus(files, null);
    assert.equal(followed, 0);
  });

  const BOUNDS = { socketLimit: 3, processLimit: 2, linkLimit: 4 };

  it("more descriptors than the limit: the rest is a gap", () => {
    const files = machineWith([socketLine("08", { inode: 9 })], { 7: { inodes: [1, 2, 3, 4, 9] } });
    const census = takeCensus(files, null, BOUNDS);
    assert.deepEqual(census.gaps(), ["only 4 descriptors were looked at"]);
    assert.equal(census.closeWaitByProcess()[0]?.pid, null);
    assert.deepEqual(takeCensus(files, null, { ...BOUNDS, linkLimit: 5 }).gaps(), []);
  });

  it("more processes than the limit: the rest is a gap", () => {
    const processes = { 7: { inodes: [1] }, 8: { inodes: [2] }, 9: { inodes: [3] } };
    const census = takeCensus(machineWith([], processes), null, BOUNDS);
    assert.deepEqual(census.gaps(), ["only the first 2 of 3 processes were looked at"]);
  });

  it("more sockets than the limit: the rest is a gap", () => {
    const files = machineWith(new Array<string>(5).fill(socketLine("06")));
    const census = takeCensus(files, null, BOUNDS);
    assert.equal(census.stateCounts()["time-wait"], 3);
    assert.deepEqual(census.gaps(), ["only 3 sockets were counted"]);
  });

  it("100,000 sockets: all are counted, the last line included", () => {
    const files = machineWith([]);
    const lines = socketLine("06").repeat(99_999) + socketLine("05");
    files.texts.set("/proc/net/tcp", TABLE_HEAD + lines);
    const counts = takeCensus(files, null).stateCounts();
    assert.deepEqual(counts, { "time-wait": 99_999, "fin-wait-2": 1 });
  });
});
