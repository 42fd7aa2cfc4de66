import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  COUNTERS,
  fakeContainer,
  fakeServer,
  fakeServerWith,
  limitsText,
  netstatText,
  socketLine,
  TABLE_HEAD,
} from "./fake-machine.ts";
import { FakeMachineFiles } from "./fake-machine-files.ts";
import type { Finding } from "./finding.ts";
import { findingsOf } from "./findings.ts";
import { USE_NOW_SHARE, USE_SOON_SHARE } from "./limit-findings.ts";
import { limitUses } from "./limit-use.ts";
import type { CounterName } from "./machine-places.ts";
import { readCounters, readMachine } from "./machine-readings.ts";
import {
  CLOSE_WAIT_SOON_COUNT,
  FIN_WAIT_2_SOON_COUNT,
  HELD_NOW_COUNT,
  PROCESS_FINDING_LIMIT,
} from "./process-findings.ts";
import { LEAST_ACCEPT_QUEUE, LEAST_DESCRIPTORS, LEAST_PORTS } from "./setting-findings.ts";
import { takeCensus } from "./socket-census.ts";

// Goal: each finding is made at its threshold and not below, with a command that changes it.
// Method: made-up machines that differ from a healthy one in a single value.

const PORTS = { first: 32_768, last: 60_999 };

function examine(files: FakeMachineFiles, later: FakeMachineFiles = files) {
  const machine = readMachine(files);
  const census = takeCensus(files, PORTS);
  const limits = limitUses(machine, census);
  const countersAfter = readCounters(later);
  return findingsOf({ machine, census, limits, countersAfter, lingerSeconds: 30 });
}

const brief = (findings: readonly Finding[]) => findings.map(({ id, urgency }) => [id, urgency]);

/** A process that holds `count` sockets in a state. */
function holding(code: string, count: number, limit = 100_000): FakeMachineFiles {
  const lines = Array.from({ length: count }, (_, index) => socketLine(code, { inode: index + 1 }));
  const files = fakeServer({ "/proc/net/tcp": TABLE_HEAD + lines.join("") });
  files.texts.set("/proc/77/comm", "leaky\n");
  files.texts.set("/proc/77/limits", limitsText(limit));
  for (let inode = 1; inode <= count; inode++) {
    files.links.set(`/proc/77/fd/${inode}`, `socket:[${inode}]`);
  }
  return files;
}

function sockstat(orphan: number, tw: number, mem: number) {
  const tcp = `TCP: inuse 9 orphan ${orphan} tw ${tw} alloc 9 mem ${mem}\n`;
  return { "/proc/net/sockstat": `sockets: used 9\n${tcp}` };
}

describe("findingsOf", () => {
  it("a healthy server, a container, another system: nothing is invented", () => {
    assert.deepEqual(brief(examine(fakeServer())), []);
    assert.deepEqual(brief(examine(fakeContainer())), [["few-descriptors", "soon"]]);
    assert.deepEqual(examine(new FakeMachineFiles({}, {}, "darwin")), []);
  });

  it("several: the most urgent first", () => {
    const files = fakeServer({
      ...sockstat(131_072, 0, 0),
      "/proc/sys/net/core/somaxconn": "128\n",
      "/proc/net/netstat": netstatText({ ...COUNTERS, TCPAbortOnClose: 5 }),
    });
    assert.deepEqual(brief(examine(files)), [
      ["limit-orphans", "now"],
      ["small-accept-queue", "soon"],
      ["closed-with-unread-input", "fine-to-know"],
    ]);
    assert.match(examine(files).at(-1)?.command ?? "", /^finwait probe URL /);
  });
});

describe("limits", () => {
  const at = (limit: number, share: number) => Math.ceil(limit * share);
  const CASES: readonly (readonly [
    id: string,
    limit: number,
    machine: (used: number) => FakeMachineFiles,
    command: RegExp,
  ])[] = [
    [
      "limit-orphans",
      131_072,
      (used) => fakeServer(sockstat(used, 0, 0)),
      /^sysctl -w net\.ipv4\.tcp_max_orphans=262144$/,
    ],
    [
      "limit-time-wait",
      131_072,
      (used) => fakeServer(sockstat(0, used, 0)),
      /^sysctl -w net\.ipv4\.tcp_max_tw_buckets=262144$/,
    ],
    [
      "limit-tcp-memory",
      575_796,
      (used) => fakeServer(sockstat(0, 0, used)),
      /^sysctl -w net\.ipv4\.tcp_mem="575796 767730 1151592"$/,
    ],
    [
      "limit-system-files",
      2_466_160,
      (used) => fakeServer({ "/proc/sys/fs/file-nr": `${used} 0 2466160\n` }),
      /^sysctl -w fs\.file-max=4932320$/,
    ],
    [
      "limit-conntrack",
      262_144,
      (used) => fakeServer({ "/proc/sys/net/netfilter/nf_conntrack_count": `${used}\n` }),
      /^sysctl -w net\.netfilter\.nf_conntrack_max=524288$/,
    ],
    [
      "limit-accept-queue",
      4_096,
      (used) => fakeServer({ "/proc/net/tcp": TABLE_HEAD + socketLine("0A", { rx: used }) }),
      /^sysctl -w net\.core\.somaxconn=8192$/,
    ],
    ["limit-process-descriptors", 1_000, (used) => holding("01", used, 1_000), /LimitNOFILE=2000$/],
    [
      "limit-ephemeral-ports",
      28_232,
      (used) => {
        const lines = Array.from({ length: used }, (_, index) => {
          const port = (32_768 + index).toString(16).toUpperCase();
          return socketLine("06", { local: `0100000A:${port}`, peer: "0202000A:01BB" });
        });
        return fakeServer({ "/proc/net/tcp": TABLE_HEAD + lines.join("") });
      },
      /^sysctl -w net\.ipv4\.ip_local_port_range="1024 65535"$/,
    ],
  ];

  for (const [id, limit, machine, command] of CASES) {
    const of = (used: number) => examine(machine(used)).filter((finding) => finding.id === id);

    it(`${id}: soon from ${USE_SOON_SHARE * 100} % on, now from ${USE_NOW_SHARE * 100} %`, () => {
      assert.deepEqual(of(at(limit, USE_SOON_SHARE) - 1), []);
      assert.deepEqual(brief(of(at(limit, USE_SOON_SHARE))), [[id, "soon"]]);
      assert.deepEqual(brief(of(at(limit, USE_NOW_SHARE) - 1)), [[id, "soon"]]);
      assert.deepEqual(brief(of(at(limit, USE_NOW_SHARE))), [[id, "now"]]);
    });

    it(`${id}: has a command, a cost, and the numbers`, () => {
      const [finding] = of(limit);
      assert.match(finding?.command ?? "", command);
      assert.ok((finding?.cost.length ?? 0) > 10);
      assert.deepEqual(finding?.evidence, { use: limit, limit, usedShare: 1 });
    });
  }
});

describe("settings", () => {
  it.each([
    ["tcp_fin_timeout", "60", []],
    ["tcp_fin_timeout", "61", ["fin-timeout-doubles"]],
    ["tcp_fin_timeout", "119", ["fin-timeout-doubles"]],
    // 2 x (120 - 60) is 120: it does what it says.
    ["tcp_fin_timeout", "120", []],
    ["somaxconn", String(LEAST_ACCEPT_QUEUE), []],
    ["somaxconn", String(LEAST_ACCEPT_QUEUE - 1), ["small-accept-queue"]],
    ["ip_local_port_range", `40000 ${40_000 + LEAST_PORTS - 1}`, []],
    ["ip_local_port_range", `40000 ${40_000 + LEAST_PORTS - 2}`, ["narrow-port-range"]],
    ["nf_conntrack_tcp_timeout_fin_wait", "60", []],
    ["nf_conntrack_tcp_timeout_fin_wait", "59", ["conntrack-forgets-first"]],
    ["nf_conntrack_tcp_timeout_time_wait", "60", []],
    ["nf_conntrack_tcp_timeout_time_wait", "59", ["conntrack-forgets-first"]],
  ])("%s %s: %j", (name, value, ids) => {
    const found = examine(fakeServerWith({ [name]: value }));
    assert.deepEqual(
      found.map(({ id }) => id),
      ids,
    );
  });

  it("tcp_fin_timeout 65: the sentence has what it says and what it does", () => {
    const [finding] = examine(fakeServerWith({ tcp_fin_timeout: "65" }));
    assert.equal(
      finding?.sentence,
      "tcp_fin_timeout is 65, and FIN-WAIT-2 of an orphan lasts 10 s",
    );
    assert.equal(finding?.command, "sysctl -w net.ipv4.tcp_fin_timeout=60");
    assert.deepEqual(finding?.evidence, { tcpFinTimeoutSeconds: 65, lastsSeconds: 10 });
  });

  it("a tracker that forgets before finwait has lingered: is named, with our time", () => {
    const files = fakeServerWith({
      tcp_fin_timeout: "10",
      nf_conntrack_tcp_timeout_fin_wait: "29",
    });
    const [finding] = examine(files);
    const command = "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_fin_wait=30";
    assert.equal(finding?.command, command);
  });

  it.each([
    [LEAST_DESCRIPTORS, []],
    [LEAST_DESCRIPTORS - 1, [["few-descriptors", "soon"]]],
  ])("%i descriptors: %j", (limit, findings) => {
    const limits = limitsText(limit, 524_288);
    assert.deepEqual(brief(examine(fakeServer({ "/proc/self/limits": limits }))), findings);
  });
});

describe("processes", () => {
  it.each([
    ["08", CLOSE_WAIT_SOON_COUNT - 1, []],
    ["08", CLOSE_WAIT_SOON_COUNT, [["close-wait-leak", "soon"]]],
    ["08", HELD_NOW_COUNT - 1, [["close-wait-leak", "soon"]]],
    ["08", HELD_NOW_COUNT, [["close-wait-leak", "now"]]],
    ["05", FIN_WAIT_2_SOON_COUNT - 1, []],
    ["05", FIN_WAIT_2_SOON_COUNT, [["owned-fin-wait-2", "soon"]]],
    ["05", HELD_NOW_COUNT, [["owned-fin-wait-2", "now"]]],
  ])("state %s, %i sockets of one process: %j", (code, count, findings) => {
    assert.deepEqual(brief(examine(holding(code, count))), findings);
  });

  it("half of its descriptors: is for now, however few", () => {
    assert.deepEqual(brief(examine(holding("08", 50, 101))), [["close-wait-leak", "soon"]]);
    assert.deepEqual(brief(examine(holding("08", 50, 100))), [["close-wait-leak", "now"]]);
  });

  it("a leak: is named by pid, command and count", () => {
    const [finding] = examine(holding("08", 25));
    assert.equal(finding?.sentence, "leaky (pid 77) has 25 sockets in CLOSE-WAIT");
    assert.match(finding?.command ?? "", /grep 'pid=77,' to look, kill -TERM 77 to end it$/);
    assert.deepEqual(finding?.evidence, {
      pid: 77,
      command: "leaky",
      count: 25,
      oldestMs: null,
      descriptorLimit: 100_000,
    });
  });

  it("an owner that cannot be seen: is no pid", () => {
    const files = holding("08", 25);
    files.links.clear();
    const [finding] = examine(files);
    assert.match(finding?.sentence ?? "", /^a process that cannot be seen from here has 25/);
    assert.equal(finding?.command, "sudo ss -tnp state close-wait");
  });

  it("orphans in FIN-WAIT-2: are nobody's fault", () => {
    const lines = socketLine("05").repeat(FIN_WAIT_2_SOON_COUNT);
    assert.deepEqual(examine(fakeServer({ "/proc/net/tcp": lines })), []);
  });

  it("many that leak: only the worst are named", () => {
    const files = holding("08", 0);
    let text = TABLE_HEAD;
    for (let pid = 100; pid < 101 + PROCESS_FINDING_LIMIT; pid++) {
      files.texts.set(`/proc/${pid}/comm`, "leaky\n");
      for (let index = 0; index < pid; index++) {
        const inode = pid * 1_000 + index;
        text += socketLine("08", { inode });
        files.links.set(`/proc/${pid}/fd/${index}`, `socket:[${inode}]`);
      }
    }
    files.texts.set("/proc/net/tcp", text);
    const pids = examine(files).map(({ evidence }) => evidence.pid);
    assert.deepEqual(pids, [105, 104, 103, 102, 101]);
  });
});

describe("counters", () => {
  const CASES: readonly (readonly [counter: CounterName, id: string, growing: string])[] = [
    ["TCPAbortOnMemory", "orphans-were-refused", "now"],
    ["TCPTimeWaitOverflow", "time-wait-overflowed", "now"],
    ["ListenOverflows", "accept-queue-overflowed", "now"],
    ["TCPReqQFullDrop", "syn-queue-overflowed", "now"],
    ["TCPMemoryPressures", "tcp-memory-was-short", "soon"],
    ["PruneCalled", "receive-queues-were-pruned", "soon"],
    ["TCPAbortOnClose", "closed-with-unread-input", "soon"],
  ];
  const counting = (counter: CounterName, count: number) =>
    fakeServer({ "/proc/net/netstat": netstatText({ ...COUNTERS, [counter]: count }) });

  for (const [counter, id, growing] of CASES) {
    it(`${counter}: fine to know when it has counted, ${growing} while it counts`, () => {
      assert.deepEqual(examine(counting(counter, 0)), []);
      assert.deepEqual(brief(examine(counting(counter, 9))), [[id, "fine-to-know"]]);
      const grown = examine(counting(counter, 9), counting(counter, 11));
      assert.deepEqual(brief(grown), [[id, growing]]);
      assert.match(grown[0]?.sentence ?? "", /: 11 since boot, 2 of them just now$/);
      const evidence = grown[0]?.evidence;
      assert.deepEqual([evidence?.counter, evidence?.count, evidence?.growth], [counter, 11, 2]);
    });
  }

  it("a count since boot: is also a rate per hour", () => {
    const [finding] = examine(counting("TCPAbortOnMemory", 20));
    assert.ok(Math.abs(Number(finding?.evidence.perHour) - 10) < 0.01);
    assert.match(finding?.sentence ?? "", /^connections reset at close\(\) .*: 20 since boot$/);
  });
});
